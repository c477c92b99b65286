import fc from 'fast-check';
import { describe, test } from 'vitest';
import { checkGradient } from '../../testing/check-gradient.ts';
import { checkerAcceptsAll } from '../../testing/checker-test.ts';
import { DECLARED, nodeModel } from '../../testing/node-model.ts';
import { isOlderThan } from '../../testing/onnxruntime-version.ts';
import { randomTensor } from '../../testing/random-tensor.ts';

describe('MatMul (float64, needs onnxruntime-node 1.26.0)', () => {
  test.skipIf(isOlderThan('1.26.0')).each([
    [
      [2, 3],
      [3, 4],
    ],
    [
      [5, 2, 3],
      [3, 4],
    ],
    [
      [2, 5, 2, 3],
      [3, 4],
    ],
    [
      [2, 3],
      [5, 3, 4],
    ],
    [
      [5, 1, 2, 3],
      [4, 3, 2],
    ],
    [
      [1, 2, 3],
      [5, 3, 4],
    ],
    [[3], [3, 4]],
    [[2, 3], [3]],
    [[3], [3]],
    [[3], [5, 3, 4]],
    [[2, 5, 4, 3], [3]],
  ])('%j · %j', async (a, b) => {
    const inputs = { a: randomTensor('float64', a, 1), b: randomTensor('float64', b, 2) };
    for (const declared of ['shapes', 'ranks'] as const) {
      const model = nodeModel({ operator: 'MatMul', inputs, declared });
      await checkGradient({ model, of: 'y', wrt: ['a', 'b'], inputs });
    }
  });
});

test('Gemm, transposed or not, with any third operand', async () => {
  const size = fc.integer({ min: 1, max: 4 });
  const factor = fc.constantFrom(1, 0.5, -2);
  const run = async (
    [m, k, n]: readonly [number, number, number],
    [transA, transB]: readonly [boolean, boolean],
    [alpha, beta]: readonly [number, number],
    bias: 'none' | 'scalar' | 'row' | 'column' | 'matrix',
    declared: (typeof DECLARED)[number],
  ): Promise<void> => {
    const shapes = { none: undefined, scalar: [], row: [n], column: [m, 1], matrix: [m, n] };
    const c = shapes[bias];
    const inputs = {
      a: randomTensor('float64', transA ? [k, m] : [m, k], 1),
      b: randomTensor('float64', transB ? [n, k] : [k, n], 2),
      ...(c && { c: randomTensor('float64', c, 3) }),
    };
    const attributes = {
      transA: { int: transA ? 1 : 0 },
      transB: { int: transB ? 1 : 0 },
      alpha: { float: alpha },
      beta: { float: beta },
    };
    const model = nodeModel({ operator: 'Gemm', inputs, attributes, declared });
    await checkGradient({ model, of: 'y', wrt: Object.keys(inputs), inputs });
  };
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(size, size, size),
      fc.tuple(fc.boolean(), fc.boolean()),
      fc.tuple(factor, factor),
      fc.constantFrom('none', 'scalar', 'row', 'column', 'matrix'),
      fc.constantFrom(...DECLARED),
      run,
    ),
    { numRuns: 40 },
  );
});

checkerAcceptsAll();
