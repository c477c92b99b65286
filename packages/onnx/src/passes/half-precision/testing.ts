import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../model/half-float.ts';
import { graphOf, type Model } from '../../model/model.ts';
import { createTensor, readTensor } from '../../model/tensor.ts';
import { withFields } from '../../model/with-fields.ts';
import { openModel } from '../../testing/run-model.ts';
import { smallImages } from '../testing.ts';

/** Of all initializers. */
export const types = (model: Model): string[] =>
  graphOf(model).initializer.map((tensor) => readTensor(tensor).type);
/** Of all nodes. */
export const operators = (model: Model): string[] => graphOf(model).node.map(({ opType }) => opType);

/** What a model makes of two small images. */
export async function embed(model: Model, dims: readonly number[] = [2, 2, 4, 4]): Promise<Float32Array> {
  const session = await openModel(model);
  const data = { type: 'float32', dims, data: smallImages(2, 5) } as const;
  const result = await session.run({ data });
  await session.release();
  return Object.values(result)[0]!.data as Float32Array;
}

/** The largest difference, of the largest number. */
export function distance(actual: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return expected.reduce((most, x, i) => Math.max(most, Math.abs(x - actual[i]!)), 0) / scale;
}

/** A model with its weights rounded, and nothing else. */
export function rounded(
  model: Model,
  type: 'float16' | 'bfloat16',
  isRounded: (name: string) => boolean = () => true,
): Model {
  const graph = graphOf(model);
  const initializer = graph.initializer.map((tensor) => {
    const value = readTensor(tensor);
    if (value.type !== 'float32' || !isRounded(tensor.name)) return tensor;
    const data =
      type === 'float16' ? fromFloat16(toFloat16(value.data)) : fromBfloat16(toBfloat16(value.data));
    return createTensor(tensor.name, { ...value, data });
  });
  return withFields(model, { graph: withFields(graph, { initializer }) });
}
