import { Input } from 'gpu.js';

/** A row-major matrix with `columns` columns as an argument of a kernel, which reads it as `matrix[row][column]`. */
export function matrixInput(values: Float32Array, columns: number): Input {
  // gpu.js takes any array of numbers here; its typings ask for number[].
  return new Input(values as unknown as number[], [columns, values.length / columns]);
}
