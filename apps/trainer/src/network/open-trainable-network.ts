import { createTrainingSession, NO_DECAY_ON_NORM_AND_BIAS } from '@cf/onnx';
import * as runtime from 'onnxruntime-node';
import type { NetworkTraining } from '../config/train-config.ts';
import type { TrainableNetwork } from './network-state.ts';
import type { UntrainedNetwork } from './open-network.ts';

/**
 * Makes the graphs that train a network, on onnxruntime.
 *
 * @throws UnsupportedOperatorError, OnnxOpsetError, OnnxGraphError where a gradient can't be had, before anything runs
 */
export function openTrainableNetwork(
  { model }: UntrainedNetwork,
  { network, momentum, weightDecay, threads, seed }: NetworkTraining,
): Promise<TrainableNetwork> {
  const { freezeUntil, freezeBn = false } = network.kind === 'onnx' ? network : {};
  return createTrainingSession({
    runtime,
    model,
    optimiser: { name: 'sgd', momentum, weightDecay, groups: [NO_DECAY_ON_NORM_AND_BIAS] },
    threads,
    seed,
    freezeBn,
    ...(freezeUntil === undefined ? {} : { freezeUntil }),
  });
}
