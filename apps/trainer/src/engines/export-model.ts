import { fromFloat32, type Model } from '@cf/onnx';
import type { TrainConfig } from '../settings/train-config.ts';

/**
 * A trained model as it is written: in the type of number that was asked for.
 *
 * @throws OnnxGraphError naming the weights that float16 has no room for
 */
export function exportedModel(
  model: Model,
  config: TrainConfig,
): { readonly model: Model; readonly notes: readonly string[] } {
  const type = config.train === 'all' ? config.exportType : undefined;
  if (type === undefined || type === 'float32') return { model, notes: [] };
  const { model: half, notes } = fromFloat32(model, type);
  return { model: half, notes: [`exported in ${type}`, ...notes.map(({ text }) => text)] };
}
