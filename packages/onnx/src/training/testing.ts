import { learnerOptimiser, sgd } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { smallNet } from '../passes/testing.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { createTrainingSession } from './create-training-session.ts';
import type { TrainingSessionOptions } from './options.ts';
import type { TrainingSession } from './training-session.ts';

const opened: TrainingSession[] = [];

/** Ends the sessions that `open` began. */
export async function disposeAll(): Promise<void> {
  for (const session of opened.splice(0)) await session.dispose();
}

/** A session over a small network with dropout, unless the options say otherwise. */
export async function open(options: Partial<TrainingSessionOptions> = {}): Promise<TrainingSession> {
  const session = await createTrainingSession({
    runtime,
    model: smallNet({ dropout: 0.5 }),
    optimiser: learnerOptimiser({ rule: sgd({ momentum: 0.9 }), weightDecay: 0.01 }),
    threads: 1,
    ...options,
  });
  opened.push(session);
  return session;
}

/** Gradients of embeddings [batch, 3]. */
export const upstream: (batch: number, seed: number) => Float32Array = (batch, seed) =>
  randomTensor('float32', [batch, 3], seed).data as Float32Array;

/** onnxruntime, but its outputs never go where the caller wants them. */
export const elsewhere: OnnxRuntime = {
  Tensor: runtime.Tensor,
  InferenceSession: {
    async create(model, options) {
      const session = await runtime.InferenceSession.create(model, options);
      return {
        run: (feeds, fetches) =>
          session.run(feeds as Parameters<typeof session.run>[0], Object.keys(fetches)),
        release: () => session.release(),
      };
    },
  },
};
