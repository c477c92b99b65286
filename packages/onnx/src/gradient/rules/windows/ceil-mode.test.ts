import { expect, test } from 'vitest';
import { checkGradient } from '../../../testing/check-gradient.ts';
import { checkerAcceptsAll } from '../../../testing/checker-test.ts';
import { nodeModel } from '../../../testing/node-model.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';
import { gradient } from '../../gradient.ts';

const LINEAR = { step: 1, tolerance: 2e-4 };
const ceil = { kernel_shape: { ints: [3, 2] }, strides: { ints: [2, 2] }, ceil_mode: { int: 1 } };

test.each(['shapes', 'ranks'] as const)('AveragePool with ceil_mode, declared: %s', async (declared) => {
  const inputs = { x: randomTensor('float32', [2, 2, 6, 5], 1) };
  for (const opset of [11, 17, 19, 22]) {
    for (const count of [0, 1]) {
      for (const pads of [
        [0, 0, 0, 0],
        [1, 0, 1, 1],
      ]) {
        const attributes = { ...ceil, pads: { ints: pads }, count_include_pad: { int: count } };
        const model = nodeModel({ operator: 'AveragePool', inputs, attributes, declared, opset });
        await checkGradient({ model, of: 'y', wrt: ['x'], inputs, ...LINEAR });
      }
    }
  }
});

test.each<[string, object]>([
  ['SAME_UPPER', { auto_pad: { string: 'SAME_UPPER' } }],
  ['SAME_LOWER', { auto_pad: { string: 'SAME_LOWER' } }],
  ['VALID', { auto_pad: { string: 'VALID' } }],
  ['output_shape', { output_shape: { ints: [8, 9] } }],
])('ConvTranspose with %s', async (_, form) => {
  const inputs = {
    x: randomTensor('float32', [2, 2, 4, 5], 1),
    w: randomTensor('float32', [2, 3, 3, 3], 2),
    b: randomTensor('float32', [3], 3),
  };
  const attributes = { strides: { ints: [2, 2] }, ...form };
  const model = nodeModel({ operator: 'ConvTranspose', inputs, attributes });
  await checkGradient({ model, of: 'y', wrt: ['x', 'w', 'b'], inputs, ...LINEAR });
});

test('a recurrent layer with clip is refused', () => {
  const inputs = { x: randomTensor('float32', [3, 1, 2], 1) };
  const constants = { w: randomTensor('float32', [1, 2, 2], 2), r: randomTensor('float32', [1, 2, 2], 3) };
  const attributes = { hidden_size: { int: 2 }, clip: { float: 1 } };
  const model = nodeModel({ operator: 'RNN', inputs, constants, attributes });
  expect(() => gradient(model, { of: 'y', wrt: ['x'], seed: 's' })).toThrow(/clip/);
});

checkerAcceptsAll();

test.each([['constructor'], ['toString'], []])(
  'a recurrent layer with the activations %j is refused',
  (...names) => {
    const inputs = { x: randomTensor('float32', [3, 1, 2], 1) };
    const constants = { w: randomTensor('float32', [1, 2, 2], 2), r: randomTensor('float32', [1, 2, 2], 3) };
    const attributes = { hidden_size: { int: 2 }, activations: { strings: names } };
    const model = nodeModel({ operator: 'RNN', inputs, constants, attributes });
    expect(() => gradient(model, { of: 'y', wrt: ['x'], seed: 's' })).toThrow(/instead of activation/);
  },
);
