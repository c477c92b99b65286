import { createRandom } from '@cf/core';
import { encodeModel, GraphBuilder, type Model } from '@cf/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { withQuickSlopes } from './quick-slopes.ts';

/** Two PRelus, of a slope a channel and of one alone, with something between them and after. */
function sloped(): Model {
  const graph = new GraphBuilder({ name: 'sloped' });
  const input = graph.input('x', 'float32', ['N', 3, 2, 5]);
  const each = graph.initializer('each', {
    type: 'float32',
    dims: [3, 1, 1],
    data: Float32Array.of(0.25, -1.5, 0),
  });
  const one = graph.initializer('one', { type: 'float32', dims: [1], data: Float32Array.of(0.1) });
  const first = graph.op('PRelu', [input, each]);
  const second = graph.op('PRelu', [graph.op('Neg', [first]), one]);
  graph.output(graph.op('Flatten', [second], {}, { outputs: ['y'] }), 'float32', ['N', 30]);
  return graph.build();
}

async function outputOf(model: Model, x: Float32Array): Promise<Float32Array> {
  const session = await InferenceSession.create(encodeModel(model));
  try {
    const { y } = await session.run({ x: new Tensor('float32', x, [x.length / 30, 3, 2, 5]) });
    return y!.data as Float32Array;
  } finally {
    await session.release();
  }
}

it('gives the same numbers without a PRelu, and leaves the model as it was', async () => {
  const model = sloped();
  const bytes = encodeModel(model);
  const quick = withQuickSlopes(model);
  expect(encodeModel(model)).toEqual(bytes);
  expect(quick.graph!.node.map(({ opType }) => opType)).toEqual([
    ...['Min', 'Mul', 'Max', 'Add', 'Neg'],
    ...['Min', 'Mul', 'Max', 'Add', 'Flatten'],
  ]);
  const random = createRandom('slopes');
  const x = Float32Array.from({ length: 120 }, () => random.normal());
  x.set([0, Number.NaN, Number.POSITIVE_INFINITY, 1e-45, -1e-45, 3e38, -3e38]);
  const unsigned = (values: Float32Array): Float32Array => values.map((value) => value + 0);
  expect(unsigned(await outputOf(quick, x))).toEqual(unsigned(await outputOf(model, x)));
  const plain = new GraphBuilder({ name: 'plain' });
  plain.output(plain.op('Neg', [plain.input('x', 'float32', ['N'])]), 'float32', ['N']);
  const without = plain.build();
  expect(withQuickSlopes(without)).toBe(without);
});
