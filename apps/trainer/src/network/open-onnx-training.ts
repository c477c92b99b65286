import { createTrainingSession, encodeModel, type Model } from '@cf/onnx';
import { learnerOptimiser, NO_DECAY_ON_NORM_AND_BIAS, sgd } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { openOnnxNetwork } from '../features/onnx-network.ts';
import type { NetworkTraining } from '../settings/train-config.ts';
import { learnInTwoPasses } from './learn-in-two-passes.ts';
import type { TrainableNetwork } from './network-state.ts';

/**
 * Makes the graphs that train a network, on onnxruntime.
 *
 * @throws UnsupportedOperatorError, OnnxOpsetError, OnnxGraphError where a gradient can't be had, before anything runs
 */
export async function openOnnxTraining(
  name: string,
  model: Model,
  { network, momentum, weightDecay, threads, seed }: NetworkTraining,
): Promise<TrainableNetwork> {
  const { freezeUntil, freezeBn = false } = network.kind === 'onnx' ? network : {};
  const session = await createTrainingSession({
    runtime,
    model,
    optimiser: learnerOptimiser({
      rule: sgd({ momentum }),
      weightDecay,
      groups: [NO_DECAY_ON_NORM_AND_BIAS],
    }),
    threads,
    seed,
    freezeBn,
    ...(freezeUntil === undefined ? {} : { freezeUntil }),
  });
  return {
    learn: (batch, head) => learnInTwoPasses(session, batch, head),
    update: (learningRate) => session.update(learningRate),
    state: async () => session.state(),
    load: (state) => session.load(state),
    async trained() {
      const bytes = encodeModel(session.exportModel());
      return { inference: await openOnnxNetwork(name, bytes), files: new Map([['network', bytes]]) };
    },
    dispose: () => session.dispose(),
  };
}
