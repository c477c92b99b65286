import { sizeOf } from '../../../model/dims.ts';
import { ARG } from '../api.ts';
import type { Layer } from '../layer.ts';
import type { Value } from '../storage.ts';
import { plainWindow, runPooling } from './run-pooling.ts';

/**
 * Sums a channel, [C], of x [N, C, …]. Sums of a hundred thousand float32 one after the other lose two digits more than
 * sums of sums: rows first, then the rows of a picture, then the pictures.
 */
export function channelSums(layer: Pick<Layer, 'api' | 'program'>, x: Value): Value {
  const { program } = layer;
  const [pictures, channels, ...spatial] = x.dims as readonly [number, number, ...number[]];
  const count = pictures * sizeOf(spatial);
  const mean = channelMeans(layer, x);
  return program.view(program.scaled(mean, count), [channels]);
}

/** Means a channel, [1, C, 1 …], of x [N, C, …], likewise. */
export function channelMeans({ api, program }: Pick<Layer, 'api' | 'program'>, x: Value): Value {
  const [pictures, , ...spatial] = x.dims as readonly [number, number, ...number[]];
  const rows = pooled({ api, program }, x, [...spatial.slice(0, -1).map(() => 1), spatial.at(-1)!]);
  const means = pooled({ api, program }, rows, [...spatial.slice(0, -1), 1]);
  const whole = program.rowMajor(means);
  if (pictures === 1) return whole;
  const dims = [1, ...whole.dims.slice(1)];
  const mean = program.value(api.plain(dims), dims);
  program.run(api.reduction('mean', whole.layout, mean.layout), [
    [ARG.source, whole],
    [ARG.destination, mean],
  ]);
  return mean;
}

/** Means over windows that do not overlap. */
function pooled(program: Pick<Layer, 'api' | 'program'>, x: Value, kernel: readonly number[]): Value {
  const dims = x.dims.map((size, axis) => (axis < 2 ? size : size / kernel[axis - 2]!));
  return runPooling(program, x, { kind: 'average', dims, ...plainWindow(kernel) }).y;
}
