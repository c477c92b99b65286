/** A function of a kernel, on byte addresses. @see rowKernel */
export type RowFunction = (
  products: number,
  classes: number,
  count: number,
  parameters: number,
  results: number,
) => void;

/** Functions of a kernel, in the order of their numbers in a job. */
export const KERNEL_FUNCTIONS = ['peak', 'sums', 'counted', 'gradients'] as const;

export type KernelFunctions = Readonly<Record<(typeof KERNEL_FUNCTIONS)[number], RowFunction>>;

/** Most parts that the rows of a tile are cut into. */
export const MOST_PARTS = 32;

/** Where the numbers of a job lie, an int32 each; from `own` on, where each sample's own class is in the tile, or −1. */
export const JOB = {
  /** Which job it is: threads wait for the next. */
  turn: 0,
  /** The next part that nobody has taken, and how many are done. Parts from `MOST_PARTS` on are none. */
  next: 1,
  done: 2,
  /** Index in {@link KERNEL_FUNCTIONS}. */
  function: 3,
  products: 4,
  classes: 5,
  /** Bytes from the rows of the classes that one part adds to, to those of the next; 0 where all read the same. */
  classesOfPart: 6,
  count: 7,
  parameters: 8,
  perSample: 9,
  results: 10,
  perResult: 11,
  batch: 12,
  parts: 13,
  /** Not 0 once a thread has failed. */
  failed: 14,
  /** Which tile it is that threads compute their parts of: those who have done it sweep. */
  tile: 15,
  own: 16,
} as const;

/**
 * Sweeps over rows of a tile, a part at a time, until all are taken. Whoever comes takes the next part, so a thread that is late
 * costs nothing, and what comes out does not depend on who computes it.
 *
 * Threads run the source of this function: it may use nothing from around it.
 */
export function sweepParts(job: Int32Array, functions: readonly (RowFunction | undefined)[]): void {
  const [next, done, mostParts, own, bytes] = [1, 2, 32, 16, 4];
  for (;;) {
    const part = Atomics.add(job, next, 1);
    if (part >= mostParts) return;
    const run = functions[job[3]!]!;
    const classes = job[5]! + part * job[6]!;
    const count = job[7]!;
    const [batch, parts] = [job[12]!, job[13]!];
    const end = part < parts ? Math.floor(((part + 1) * batch) / parts) : 0;
    for (let i = Math.floor((part * batch) / parts); i < end; i++) {
      const products = job[4]! + i * count * bytes;
      const parameters = job[8]! + i * job[9]! * bytes;
      const results = job[10]! + i * job[11]! * bytes;
      const at = job[own + i]!;
      if (at < 0) {
        run(products, classes, count, parameters, results);
        continue;
      }
      const on = (at + 1) * bytes;
      run(products, classes, at, parameters, results);
      run(products + on, classes + on, count - at - 1, parameters, results);
    }
    Atomics.add(job, done, 1);
    Atomics.notify(job, done);
  }
}
