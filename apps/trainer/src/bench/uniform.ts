/**
 * Numbers in [0, 1), the same every time: good enough to measure time on, and quick enough for a billion of them.
 *
 * @param seed an integer
 */
export function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Numbers in [−size, size). */
export function uniformFloats(length: number, draw: () => number, size: number = 1): Float32Array {
  return fillUniform(new Float32Array(length), draw, size);
}

/** Fills an array with numbers in [−size, size). */
export function fillUniform(values: Float32Array, draw: () => number, size: number = 1): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] = size * (2 * draw() - 1);
  return values;
}
