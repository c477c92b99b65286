import {
  type OptionNames,
  OptionOutOfRangeError,
  requireChoice,
  requireInteger,
  requireKnownOptions,
  requireNonNegative,
  requireRange,
} from '@cf/core';

/** How the learning rate goes from its base to the end of training. */
export type ScheduleName = 'constant' | 'step' | 'polynomial' | 'cosine';

/** All of them. */
export const SCHEDULE_NAMES: readonly ScheduleName[] = ['constant', 'step', 'polynomial', 'cosine'];

/** A learning rate as a function of the step. */
export interface Schedule {
  readonly name: ScheduleName;
  /** η₀, the rate after the warm-up. */
  readonly base: number;
  /** Steps of the whole training, the warm-up among them. */
  readonly totalSteps: number;
  /** The rate rises linearly over these first steps; 0 by default. */
  readonly warmupSteps?: number;
  /** Of `step`: shares of the training at which the rate drops, rising; 0.56, 0.76 and 0.92 by default. */
  readonly drops?: readonly number[];
  /** Of `step`: what a drop multiplies the rate by; 0.1 by default. */
  readonly dropFactor?: number;
  /** Of `polynomial`: η₀·(1 − progress)^power; 2 by default. */
  readonly power?: number;
  /** Of `polynomial` and `cosine`: the rate at the end; 0 by default. */
  readonly final?: number;
}

/** Epochs 28, 38 and 46 of 50, as CurricularFace was trained (Huang et al. 2020). */
const DROPS: readonly number[] = [0.56, 0.76, 0.92];

/**
 * The learning rate of a step.
 *
 * Warm-up: η₀·(step + 1) / warmupSteps. After it, with progress p from 0 to 1 over the steps that are left: constant
 * η₀; step η₀·factor^(drops behind, as shares of the whole training); polynomial and cosine fall from η₀ to the final
 * rate along (1 − p)^power and (1 + cos πp)/2 (Loshchilov and Hutter 2017, without restarts). Past the last step the
 * rate stays where it ended.
 *
 * @param step number of updates before this one, from 0
 * @throws OptionOutOfRangeError if the step or a setting is outside its range; UnknownNameError for an unknown option, with the nearest name
 */
export function learningRateAt(step: number, schedule: Schedule): number {
  const { name, base, totalSteps, warmupSteps = 0 } = schedule;
  checkSchedule(step, schedule);
  if (step < warmupSteps) return (base * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  const { drops = DROPS, dropFactor = 0.1, power = 2, final = 0 } = schedule;
  switch (name) {
    case 'constant':
      return base;
    case 'step':
      return base * dropFactor ** drops.filter((drop) => step / totalSteps >= drop).length;
    case 'polynomial':
      return final + (base - final) * (1 - progress) ** power;
    case 'cosine':
      return final + (base - final) * 0.5 * (1 + Math.cos(Math.PI * progress));
  }
}

const SETTINGS: OptionNames<Schedule> = {
  name: true,
  base: true,
  totalSteps: true,
  warmupSteps: true,
  drops: true,
  dropFactor: true,
  power: true,
  final: true,
};

function checkSchedule(step: number, schedule: Schedule): void {
  requireKnownOptions('the schedule', schedule, SETTINGS);
  const { name, base, totalSteps, warmupSteps = 0, drops = DROPS, dropFactor = 0.1 } = schedule;
  requireChoice('name', name, SCHEDULE_NAMES);
  requireInteger('step', step, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('totalSteps', totalSteps, 1, Number.MAX_SAFE_INTEGER);
  requireInteger('warmupSteps', warmupSteps, 0, Number.MAX_SAFE_INTEGER);
  requireRange('base', base, 0, Number.MAX_VALUE);
  requireRange('final', schedule.final ?? 0, 0, Number.MAX_VALUE);
  requireNonNegative('power', schedule.power ?? 2);
  requireRange('dropFactor', dropFactor, 0, 1);
  drops.forEach((drop, i) => {
    const isRising = i === 0 || drop > drops[i - 1]!;
    if (!(drop >= 0 && drop <= 1 && isRising))
      throw new OptionOutOfRangeError('drops', drops, 'rising shares of the training, 0 to 1');
  });
}
