import { learnerOptimiser, sgd } from '@cf/training';
import koffi from 'koffi';
import * as runtime from 'onnxruntime-node';
import { beforeAll, describe } from 'vitest';
import { oneDnn } from '../kernels/onednn/testing/compare.ts';
import { oneDnnKernels } from '../onednn.ts';
import { smallNet } from '../passes/testing.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { createTrainingSession } from './create-training-session.ts';
import type { TrainingSessionOptions } from './options.ts';
import type { TrainingSession } from './training-session.ts';

const opened: TrainingSession[] = [];

/** What computes passes: the graphs of onnxruntime, and oneDNN where this machine has it. */
const KERNELS: Readonly<Record<string, Pick<TrainingSessionOptions, 'kernels'>>> = {
  'the graphs of onnxruntime': {},
  ...(oneDnn !== undefined && { oneDNN: { kernels: oneDnnKernels({ koffi }) } }),
};

let current: Pick<TrainingSessionOptions, 'kernels'> = {};

/** Defines tests once for all that computes passes: `open` takes each in turn. */
export function onEachKernels(define: () => void): void {
  for (const [name, kernels] of Object.entries(KERNELS))
    describe(`on ${name}`, () => {
      beforeAll(() => {
        current = kernels;
      });
      define();
    });
  if (oneDnn === undefined) describe.skip('on oneDNN (needs oneDNN)', define);
}

/** What is to compute passes now. */
export function kernelsNow(): Pick<TrainingSessionOptions, 'kernels'> {
  return current;
}

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
    ...current,
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
