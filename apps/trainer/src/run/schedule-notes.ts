import { learningRateAt, type Schedule } from '@cf/training';
import { stepsPerEpoch } from '../settings/sampler-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { trainingOptions } from '../settings/training-options.ts';

/** Steps of a whole training on so many samples. */
export function stepsOf(config: TrainConfig, samples: number): number {
  return stepsPerEpoch(config, samples) * config.epochs;
}

/** What is wrong with a schedule that ends before its warm-up does; undefined where nothing is. */
export function warmUpWarning(config: TrainConfig, samples: number): string | undefined {
  const { warmupSteps, learningRate } = config;
  const steps = stepsOf(config, samples);
  if (steps === 0 || warmupSteps < steps) return undefined;
  const last = rateText(learningRateAt(steps - 1, scheduleOf(config, samples)));
  return `warning: the warm-up of ${warmupSteps} steps does not end within the training's ${steps}: the learning rate rises to ${last}, and ${rateText(learningRate)} never acts; lower --warmup-steps, or train for more --epochs`;
}

/** How the schedule of a training stretches that goes on for other epochs than it began with. */
export function stretchText(
  config: TrainConfig,
  { epochs, samples, step }: { readonly epochs: number; readonly samples: number; readonly step: number },
): string {
  const before = { ...config, epochs };
  const [was, is] = [before, config].map((one) => stepsOf(one, samples)) as [number, number];
  const [from, to] = [before, config].map((one) =>
    rateText(learningRateAt(step, scheduleOf(one, samples))),
  ) as [string, string];
  return `epochs ${epochs} → ${config.epochs}: the schedule ${config.schedule} now ends at step ${is}, not ${was}; the next learning rate is ${to}, and was to be ${from}`;
}

function scheduleOf(config: TrainConfig, samples: number): Schedule {
  return { ...trainingOptions(config).schedule, totalSteps: Math.max(1, stepsOf(config, samples)) };
}

function rateText(rate: number): string {
  return String(Number(rate.toPrecision(3)));
}
