import type { HardNegativeCounter, LogSumExp, ReducedBatch } from '@cf/core';
import { RunningSum, uploadExponents } from './exponents.ts';
import { type GradientTotals, gradientPass } from './gradient-pass.ts';
import { type KernelValue, release } from './kernels/kernel-set.ts';
import { negativesPass } from './log-sum-exp-pass.ts';
import { Readback } from './readback.ts';
import type { StepContext } from './step-context.ts';

/** What a step asks of the passes. */
export interface PassOptions {
  /** Whether ∂loss/∂nll can't be known before the losses are: pass 2 then waits for the host. */
  readonly waitForLosses: boolean;
  readonly countNegatives: boolean;
  /** What follows over the batch, from the log-sum-exp over the negatives. */
  reduce(negatives: LogSumExp): ReducedBatch;
}

/** What the passes find out. */
export interface PassResults {
  readonly reduced: ReducedBatch;
  /** Undefined where nobody asked. */
  readonly hard: HardNegativeCounter | undefined;
}

/**
 * Both passes over the classes, with one read-back where the weighting of samples allows it and two where it does not;
 * adds what the negatives contribute to `totals`.
 *
 * @throws NonFiniteError
 */
export async function bothPasses(
  context: StepContext,
  options: PassOptions,
  totals: GradientTotals,
): Promise<PassResults> {
  const readback = new Readback();
  try {
    return await (options.waitForLosses ? inTwo : inOne)(context, options, totals, readback);
  } finally {
    readback.dispose();
  }
}

type Passes = (
  context: StepContext,
  options: PassOptions,
  totals: GradientTotals,
  readback: Readback,
) => Promise<PassResults>;

/** The device merges the log-sum-exp for pass 2; the host does it again, in float64, for the losses. */
const inOne: Passes = async (context, { reduce, countNegatives }, totals, readback) => {
  // Whatever the negatives are, ∂loss/∂nll is this.
  const { dNll } = reduce(noNegatives(context.x.count));
  const running = await RunningSum.start(context);
  let exponents: KernelValue | undefined;
  try {
    const seen = await negativesPass(context, readback, countNegatives, running);
    exponents = await running.exponents(dNll);
    await gradientPass(context, exponents, totals, readback);
    return { reduced: reduce(seen.logSumExp()), hard: seen.hard };
  } finally {
    running.dispose();
    release(exponents);
  }
};

/** The host needs the losses before it knows what pass 2 is to compute. */
const inTwo: Passes = async (context, { reduce, countNegatives }, totals, readback) => {
  const seen = await negativesPass(context, readback, countNegatives);
  await readback.drain();
  const reduced = reduce(seen.logSumExp());
  const exponents = await uploadExponents(context, reduced);
  try {
    await gradientPass(context, exponents, totals, readback);
  } finally {
    release(exponents);
  }
  return { reduced, hard: seen.hard };
};

function noNegatives(batch: number): LogSumExp {
  return { max: new Float64Array(batch).fill(Number.NEGATIVE_INFINITY), sum: new Float64Array(batch) };
}
