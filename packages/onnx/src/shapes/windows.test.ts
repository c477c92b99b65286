import { expect, test } from 'vitest';
import type { Attributes } from '../model/attributes.ts';
import { nodeModel } from '../testing/node-model.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { ValueTable } from './value-table.ts';

const ints = (...numbers: number[]): { ints: number[] } => ({ ints: numbers });
const x = [2, 4, 7, 9];

test.each<[string, number[][], Attributes]>([
  [
    'MaxPool',
    [x],
    { kernel_shape: ints(3, 2), strides: ints(2, 3), ceil_mode: { int: 1 }, pads: ints(1, 1, 1, 1) },
  ],
  ['MaxPool', [x], { kernel_shape: ints(2, 2), dilations: ints(2, 3), auto_pad: { string: 'VALID' } }],
  ['AveragePool', [x], { kernel_shape: ints(2, 2), strides: ints(2, 2), ceil_mode: { int: 1 } }],
  ['AveragePool', [x], { kernel_shape: ints(3, 3), strides: ints(2, 2), auto_pad: { string: 'SAME_UPPER' } }],
  ['LpPool', [x], { kernel_shape: ints(3, 3), strides: ints(2, 2) }],
  ['GlobalLpPool', [x], {}],
  [
    'Conv',
    [x, [6, 2, 3, 3]],
    { group: { int: 2 }, dilations: ints(2, 1), strides: ints(2, 2), pads: ints(1, 0, 2, 1) },
  ],
  [
    'ConvTranspose',
    [x, [4, 3, 3, 3]],
    { group: { int: 2 }, strides: ints(2, 3), output_padding: ints(1, 2), pads: ints(1, 0, 1, 1) },
  ],
  ['ConvTranspose', [x, [4, 3, 3, 3]], { strides: ints(2, 2), auto_pad: { string: 'SAME_LOWER' } }],
  ['ConvTranspose', [x, [4, 3, 3, 3]], { strides: ints(2, 2), output_shape: ints(16, 19) }],
  ['MatMul', [[3], [5, 3, 2]], {}],
  ['MatMul', [[5, 2, 3], [3]], {}],
  [
    'Einsum',
    [
      [2, 3, 4],
      [2, 5, 4],
    ],
    { equation: { string: 'bqd,bkd->bqk' } },
  ],
  [
    'Einsum',
    [
      [2, 3, 4],
      [4, 5],
    ],
    { equation: { string: '...d,de' } },
  ],
  [
    'LSTM',
    [
      [5, 2, 3],
      [2, 16, 3],
      [2, 16, 4],
    ],
    { hidden_size: { int: 4 }, direction: { string: 'bidirectional' } },
  ],
  ['DepthToSpace', [x], { blocksize: { int: 2 } }],
])('%s of %j with %j', async (operator, shapes, attributes) => {
  const inputs = Object.fromEntries(shapes.map((dims, i) => [`x${i}`, randomTensor('float32', dims, i)]));
  const model = nodeModel({ operator, inputs, attributes });
  const session = await openModel(model);
  const { y } = await session.run(inputs);
  await session.release();
  expect(new ValueTable(model).shape('y')).toEqual(y!.dims);
});
