import { createTrainingSession, encodeModel, type Model, onnxLearner } from '@cf/onnx';
import * as runtime from 'onnxruntime-node';
import type { TrainConfig } from '../settings/train-config.ts';
import { optimiserOf } from '../settings/training-options.ts';
import type { NetworkInTraining } from './network-in-training.ts';
import type { Embedder } from './onnx-network.ts';

export interface OnnxTrainingOptions {
  readonly model: Model;
  /** d. */
  readonly dim: number;
  readonly config: TrainConfig;
  /** Of one operator. */
  readonly threads: number;
  /** Opens a model file to embed with. */
  readonly openInference: (bytes: Uint8Array) => Promise<Embedder>;
}

/**
 * Makes the graphs that train a network, on onnxruntime.
 *
 * @throws UnsupportedOperatorError, OnnxOpsetError, OnnxGraphError where a gradient can't be had, before anything runs
 */
export async function openOnnxTraining(options: OnnxTrainingOptions): Promise<NetworkInTraining> {
  const { model, dim, config, threads, openInference } = options;
  const network = config.train === 'all' ? config.network : undefined;
  const { freezeUntil, freezeBn = false } = network?.kind === 'onnx' ? network : {};
  const session = await createTrainingSession({
    runtime,
    model,
    optimiser: optimiserOf(config),
    threads,
    seed: config.seed,
    freezeBn,
    ...(freezeUntil === undefined ? {} : { freezeUntil }),
  });
  return {
    learner: onnxLearner(session, dim),
    async trained() {
      const bytes = encodeModel(session.exportModel());
      return { inference: await openInference(bytes), files: new Map([['network', bytes]]) };
    },
    dispose: () => session.dispose(),
  };
}
