import { sizeOf } from '../../model/dims.ts';
import type { TensorProtoValue } from '../../model/model.ts';
import { readTensor } from '../../model/tensor.ts';

/** Positions that tell a sine from other numbers. */
const FEWEST = 4;
/** Of the largest number: the angles of late positions are rounded. */
const TOLERANCE = 2e-3;

/**
 * Whether a constant holds sines or cosines of positions, each column at a frequency of its own, as position embeddings
 * that nobody learns (Vaswani et al. 2017) and rotary ones do: x(t + 1) + x(t − 1) = 2 cos(ω) · x(t).
 */
export function isTableOfSines(tensor: TensorProtoValue): boolean {
  const dims = tensor.dims.map(Number);
  if (dims.filter((dim) => dim > 1).length < 2) return false;
  const data = readTensor(tensor).data as Float32Array;
  const largest = data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return (
    largest > 0 && Number.isFinite(largest) && dims.some((_, axis) => turnsAlong(data, dims, axis, largest))
  );
}

function turnsAlong(data: Float32Array, dims: readonly number[], axis: number, largest: number): boolean {
  const size = dims[axis]!;
  if (size < FEWEST) return false;
  const stride = sizeOf(dims.slice(axis + 1));
  let turning = 0;
  for (let line = 0; line < data.length / size; line++) {
    const start = Math.floor(line / stride) * stride * size + (line % stride);
    const at = (t: number): number => data[start + t * stride]!;
    let [product, square, least, most] = [0, 0, at(0), at(0)];
    for (let t = 1; t < size - 1; t++) {
      product += at(t) * (at(t - 1) + at(t + 1));
      square += at(t) ** 2;
    }
    const factor = square === 0 ? 2 : product / square;
    if (Math.abs(factor) > 2.001) return false;
    for (let t = 1; t < size; t++) {
      [least, most] = [Math.min(least, at(t)), Math.max(most, at(t))];
      const rest = t === size - 1 ? 0 : at(t - 1) + at(t + 1) - factor * at(t);
      if (Math.abs(rest) > TOLERANCE * largest) return false;
    }
    if (Math.abs(factor) < 1.9995 && most - least > 0.1 * largest) turning++;
  }
  return turning > 0;
}
