/** The sizes of one tile: B, its classes, and d. */
export interface TileShape {
  readonly batch: number;
  readonly classes: number;
  readonly dim: number;
}

/** What a kernel yields one number for; matrices are row-major. */
export type KernelOutput = 'batch' | 'classes' | 'batch × classes' | 'batch × dim' | 'classes × dim';

/** A kernel before its sizes are known: it reads them as `this.constants.batch`, `.classes` and `.dim`. */
export interface KernelSource {
  readonly name: string;
  readonly text: string;
  readonly output: KernelOutput;
  /** Whether the result stays on the device, as an argument of other kernels. */
  readonly resident: boolean;
}

/** The row (or only) index of the number that a kernel computes, and its column. */
export const ROW = 'this.thread.y';
export const COLUMN = 'this.thread.x';
export const ONLY = 'this.thread.x';

/** Near the largest float32: finite, since shading languages know no infinity. */
export const LARGEST = 3e38;

/** The text of a kernel. */
export function kernelText(parameters: readonly string[], body: readonly string[]): string {
  return `function kernel(${parameters.join(', ')}) {\n${body.map((line) => `  ${line}\n`).join('')}}`;
}

/**
 * Lines that start from `initial` and change `result` for every index below a size of the tile. The size is a
 * constant: gpu.js ends a loop that it cannot bound after 1000 rounds.
 */
export function loop(
  index: string,
  size: keyof TileShape,
  initial: number,
  lines: readonly string[],
): string[] {
  return [
    `let result = ${initial};`,
    `for (let ${index} = 0; ${index} < this.constants.${size}; ${index}++) {`,
    ...lines.map((line) => `  ${line}`),
    '}',
  ];
}
