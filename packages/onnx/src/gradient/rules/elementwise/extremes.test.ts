import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkGradient } from '../../../testing/check-gradient.ts';
import { checkerAcceptsAll } from '../../../testing/checker-test.ts';
import { DECLARED, nodeModel } from '../../../testing/node-model.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';
import { openModel, type Values } from '../../../testing/run-model.ts';
import { gradient } from '../../gradient.ts';

/** Numbers no two of which are closer than 0.002: operand k has the numbers (10·n + 3·k) / 1000. */
const apart =
  (operand: number) =>
  (u: number): number =>
    (10 * Math.floor(200 * u - 100) + 3 * operand) / 1000;

const shape = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
    fc.array(fc.nat(7), { minLength: 3, maxLength: 3 }),
  )
  .map(([common, masks]) => masks.map((mask) => common.map((dim, i) => (mask & (1 << i) ? 1 : dim))));

describe.each(['Max', 'Min'])('%s', (operator) => {
  test.each([1, 2, 3])('of %d operands, repeated along each other', async (count) => {
    await fc.assert(
      fc.asyncProperty(shape, fc.nat(1e6), fc.constantFrom(...DECLARED), async (dims, seed, declared) => {
        const names = ['a', 'b', 'c'].slice(0, count);
        const inputs: Values = Object.fromEntries(
          names.map((name, i) => [name, randomTensor('float64', dims[i]!, seed + i, apart(i))]),
        );
        await checkGradient({
          model: nodeModel({ operator, inputs, declared }),
          of: 'y',
          wrt: names,
          inputs,
        });
      }),
      { numRuns: 12 },
    );
  });

  test('shares what is equal, as PyTorch does', async () => {
    const a = { type: 'float32', dims: [3], data: Float32Array.of(1, 2, 3) } as const;
    const b = { type: 'float32', dims: [3], data: Float32Array.of(1, 2, 3) } as const;
    const model = nodeModel({ operator, inputs: { a, b } });
    const result = gradient(model, { of: 'y', wrt: ['a', 'b'], seed: 'seed' });
    const session = await openModel(result.model);
    const outputs = await session.run({ a, b, seed: a });
    await session.release();
    expect([...(outputs['grad/a']!.data as Float32Array)]).toEqual([0.5, 1, 1.5]);
    expect([...(outputs['grad/b']!.data as Float32Array)]).toEqual([0.5, 1, 1.5]);
  });
});

const int = (value: number): { int: number } => ({ int: value });

describe.each(['ReduceMax', 'ReduceMin'])('%s over', (operator) => {
  test.each([
    { name: 'all axes', attributes: {} },
    { name: 'all axes, dropped', attributes: { keepdims: int(0) } },
    { name: 'axes', attributes: { axes: { ints: [0, -1] } } },
    { name: 'one axis, dropped', attributes: { axes: { ints: [1] }, keepdims: int(0) } },
    { name: 'axes as an input', attributes: {}, constants: { axes: indices(1, 2) }, opset: 18 },
    { name: 'none, as said', attributes: { noop_with_empty_axes: int(1) }, opset: 18 },
  ])('$name', async ({ attributes, constants = {}, opset = 17 }) => {
    for (const declared of DECLARED) {
      const inputs = { x: randomTensor('float64', [2, 3, 4], 6, apart(0)) };
      const model = nodeModel({ operator, inputs, attributes, constants, opset, declared });
      await checkGradient({ model, of: 'y', wrt: ['x'], inputs });
    }
  });

  test('elements that are equal share', async () => {
    const x = { type: 'float32', dims: [2, 3], data: Float32Array.of(5, 5, 5, 5, 5, 5) } as const;
    const model = nodeModel({ operator, inputs: { x }, attributes: { axes: { ints: [1] } } });
    const result = gradient(model, { of: 'y', wrt: ['x'], seed: 'seed' });
    const session = await openModel(result.model);
    const outputs = await session.run({
      x,
      seed: { type: 'float32', dims: [2, 1], data: Float32Array.of(3, 6) },
    });
    await session.release();
    expect([...(outputs['grad/x']!.data as Float32Array)]).toEqual([1, 1, 1, 2, 2, 2]);
  });
});

checkerAcceptsAll();
