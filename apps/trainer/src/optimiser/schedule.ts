/** How the learning rate goes from its base to the end of training. */
export type ScheduleName = 'constant' | 'cosine' | 'step';

export const SCHEDULES: readonly ScheduleName[] = ['constant', 'cosine', 'step'];

export interface Schedule {
  readonly name: ScheduleName;
  readonly base: number;
  readonly totalSteps: number;
  /** The rate rises linearly over these first steps. */
  readonly warmupSteps: number;
}

/** Where a step schedule drops to a tenth, as shares of the training (epochs 28, 38 and 46 of 50 in the paper). */
const DROPS = [0.56, 0.76, 0.92];

/** The learning rate of a step, from 0. */
export function learningRateAt(step: number, { name, base, totalSteps, warmupSteps }: Schedule): number {
  if (step < warmupSteps) return (base * (step + 1)) / warmupSteps;
  const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  if (name === 'constant') return base;
  if (name === 'step') return base * 0.1 ** DROPS.filter((drop) => step / totalSteps >= drop).length;
  return base * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
