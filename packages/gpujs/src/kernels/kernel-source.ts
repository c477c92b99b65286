/** Sizes that a kernel reads as `this.constants.NAME`; they also decide the shape of its result. */
export type Sizes = Readonly<Record<string, number>>;

/** The sizes of one tile: B, its classes, their rows of W (K a class), and d. */
export type TileShape = {
  readonly batch: number;
  readonly classes: number;
  readonly subCenters: number;
  readonly rows: number;
  readonly dim: number;
};

/** A kernel before its sizes are known. */
export interface KernelSource {
  readonly name: string;
  readonly text: string;
  /** Shape of the result in gpu.js's order, columns first: [columns, rows] or [length]. */
  readonly output: (sizes: Sizes) => readonly number[];
}

/** The row index of the number that a kernel computes, and its column (or only) index. */
export const ROW = 'this.thread.y';
export const COLUMN = 'this.thread.x';

/** Near the largest float32: finite, since shading languages know no infinity. */
export const LARGEST = 3e38;

/** The text of a kernel. */
export function kernelText(parameters: readonly string[], body: readonly string[]): string {
  return `function kernel(${parameters.join(', ')}) {\n${body.map((line) => `  ${line}\n`).join('')}}`;
}

/** Lines that run for every index below a size. The size is a constant, so that gpu.js does not bound the loop itself. */
export function loop(index: string, size: string, lines: readonly string[]): string[] {
  return [
    `for (let ${index} = 0; ${index} < this.constants.${size}; ${index}++) {`,
    ...lines.map((line) => `  ${line}`),
    '}',
  ];
}

const UNROLLED = 4;

/** The constants of a kernel: its sizes, and how {@link sumOf} splits each of them. */
export function constantsOf(sizes: Sizes): Record<string, number> {
  const constants: Record<string, number> = {};
  for (const [name, size] of Object.entries(sizes)) {
    constants[name] = size;
    constants[`${name}Rest`] = size % UNROLLED;
    constants[`${name}Unrolled`] = size - (size % UNROLLED);
  }
  return constants;
}

/**
 * Lines that leave Σ_{index < size} term(index) in `result`. Four sums side by side: a sum waits for nothing but its own
 * last addition, which is worth up to twice the speed, and rounding errors grow with a quarter of the terms.
 */
export function sumOf(index: string, size: string, term: (index: string) => string): string[] {
  const sums = Array.from({ length: UNROLLED }, (_, u) => `sum${u}`);
  return [
    ...sums.map((sum) => `let ${sum} = 0;`),
    `for (let ${index} = 0; ${index} < this.constants.${size}Unrolled; ${index} += ${UNROLLED}) {`,
    ...sums.map((sum, u) => `  ${sum} += ${term(u === 0 ? index : `${index} + ${u}`)};`),
    '}',
    `for (let rest = 0; rest < this.constants.${size}Rest; rest++) {`,
    `  sum0 += ${term(`this.constants.${size}Unrolled + rest`)};`,
    '}',
    `const result = (${sums[0]} + ${sums[1]}) + (${sums[2]} + ${sums[3]});`,
  ];
}
