import {
  adamw,
  type LearnerOptimiser,
  learnerOptimiser,
  NO_DECAY_ON_NORM_AND_BIAS,
  type OptimiserRule,
  sgd,
  type TrainingOptions,
} from '@cf/training';
import { centerClipping } from './center-clipping.ts';
import type { TrainConfig } from './train-config.ts';

/** The training's part of a configuration. */
export function trainingOptions(config: TrainConfig): TrainingOptions {
  const { epochs, batch, accumulate, weightDecay, biasWeightDecay, subCenters, seed, lastBatch } = config;
  const { schedule, learningRate, warmupSteps, update, clipCenters, sampleRate } = config;
  return {
    epochs,
    batch,
    accumulate,
    lastBatch,
    rule: ruleOf(config),
    weightDecay,
    // Only with each of its rows do those that were not drawn stay as they are.
    update: sampleRate === undefined ? update : 'fused',
    ...(clipCenters === undefined ? {} : { clipCenters: centerClipping(clipCenters) }),
    biasWeightDecay,
    subCenters,
    schedule: { name: schedule, base: learningRate, warmupSteps },
    seed,
  };
}

/** The optimiser of a configuration's network: norms, biases and slopes do not decay. */
export function optimiserOf(config: TrainConfig): LearnerOptimiser {
  const { weightDecay, clipNorm } = config;
  return learnerOptimiser({
    rule: ruleOf(config),
    weightDecay,
    groups: [NO_DECAY_ON_NORM_AND_BIAS],
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
}

function ruleOf({ optimiser, momentum, nesterov }: TrainConfig): OptimiserRule {
  return optimiser === 'adamw' ? adamw() : sgd({ momentum, nesterov });
}
