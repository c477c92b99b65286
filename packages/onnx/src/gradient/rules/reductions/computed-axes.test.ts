import { describe, test } from 'vitest';
import { checkGradient } from '../../../testing/check-gradient.ts';
import { nodeModel } from '../../../testing/node-model.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';

/** Numbers no two of which are near to each other. */
const apart = (u: number): number => (1 + Math.floor(40 * u)) / 10;

describe.each(['ReduceSum', 'ReduceMean', 'ReduceL2', 'ReduceLogSumExp', 'ReduceMax', 'ReduceProd'])(
  '%s over axes that the graph computes',
  (operator) => {
    test.each([0, 1])('keepdims %d', async (keepdims) => {
      const inputs = { x: randomTensor('float64', [2, 3, 4], 6, apart), axes: indices(-1, 0) };
      const model = nodeModel({ operator, inputs, attributes: { keepdims: { int: keepdims } }, opset: 18 });
      await checkGradient({ model, of: 'y', wrt: ['x'], inputs });
    });
  },
);
