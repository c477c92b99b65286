import type { FloatArray } from '../contract.ts';

/** Rows of a matrix, next to each other. @param ids rows, or runs of `width / d` rows. @param into is used again where it fits */
export function gatherRows(
  from: FloatArray,
  ids: ArrayLike<number>,
  width: number,
  into?: FloatArray,
): FloatArray {
  const length = ids.length * width;
  const isFloat32 = from instanceof Float32Array;
  const fits = into !== undefined && into.length >= length && into instanceof Float32Array === isFloat32;
  const out = fits
    ? into.subarray(0, length)
    : isFloat32
      ? new Float32Array(length)
      : new Float64Array(length);
  for (let k = 0; k < ids.length; k++) {
    const id = ids[k]!;
    out.set(from.subarray(id * width, (id + 1) * width), k * width);
  }
  return out;
}

/** Runs of neighbours: calls back with the first place, the first id and how many follow each other. */
export function eachRun(
  ids: ArrayLike<number>,
  from: number,
  to: number,
  run: (place: number, id: number, count: number) => void,
): void {
  for (let start = from; start < to; ) {
    let end = start + 1;
    while (end < to && ids[end] === ids[end - 1]! + 1) end++;
    run(start, ids[start]!, end - start);
    start = end;
  }
}
