import type { Axis, ScalingPlan } from './scaling-points.ts';

/** A point that was measured. */
export interface MeasuredPoint {
  readonly axis: Axis;
  readonly x: number;
  readonly threads: number;
  readonly secondsPerStep: number;
  /** Processor time over all threads: what is left to compare where others use the machine too; null of a head. */
  readonly cpuSecondsPerStep: number | null;
  readonly samplesPerSecond: number;
  readonly gflopPerSecond: number;
  /** Peak memory beyond library, weights and input; null where the system does not tell. */
  readonly peakExtraMiB: number | null;
}

/** What `cf bench scaling` prints. */
export interface ScalingReport extends ScalingPlan {
  /** Best rate of matrix products, by number of threads. */
  readonly limitGflopPerSecond: Readonly<Record<string, number>>;
  readonly points: readonly MeasuredPoint[];
  /** Where time does not grow as the work does. */
  readonly deviations: readonly Deviation[];
  readonly skipped: readonly {
    readonly axis: Axis;
    readonly x: number;
    readonly threads: number;
    readonly reason: string;
  }[];
}

/** A place where time does not grow as the work does. */
export interface Deviation {
  readonly axis: Axis;
  readonly x: number;
  readonly threads: number;
  /** Time an operation over that at the best point of the line; or of two numbers of threads, the speed-up. */
  readonly ratio: number;
  /**
   * `fixed cost`: smaller than the best point, an operation takes longer. `grows faster`: larger, and it takes longer.
   * `threads`: less faster with more threads than there are more of them.
   */
  readonly kind: 'fixed cost' | 'grows faster' | 'threads';
  /** x of the best point of the line, or the smaller number of threads. */
  readonly beside: number;
}
