/**
 * A row-major tensor with its axes in another order.
 *
 * @param dims shape of `data`
 * @param axes axis i of the result is axis `axes[i]` of `data`
 */
export function permuted(data: Float32Array, dims: readonly number[], axes: readonly number[]): Float32Array {
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  const out = new Float32Array(data.length);
  let at = 0;
  const visit = (depth: number, from: number): void => {
    if (depth === axes.length) {
      out[at++] = data[from]!;
      return;
    }
    const axis = axes[depth]!;
    for (let i = 0; i < dims[axis]!; i++) visit(depth + 1, from + i * strides[axis]!);
  };
  visit(0, 0);
  return out;
}

/** The order of axes that undoes another. */
export function inverseOf(axes: readonly number[]): number[] {
  return axes.map((_, axis) => axes.indexOf(axis));
}
