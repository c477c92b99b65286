import { createLoss, type MarginLoss, requireChoice, requireInteger } from '@cf/core';
import type { Device } from '../../engines/device.ts';
import type { KernelChoice } from '../../engines/kernel-choice.ts';
import { uniform, uniformFloats } from '../uniform.ts';

/** `init`: nothing is learnt yet. `late`: embeddings lie near their class centers. */
export type Regime = 'init' | 'late';

/** One measurement of a head. */
export interface HeadTask {
  readonly backend: string;
  /** Of the backend `onnx`; the processor by default. */
  readonly device?: Device;
  /** What multiplies there on the processor; `auto` by default. */
  readonly kernels?: KernelChoice;
  readonly batch: number;
  readonly dim: number;
  readonly classes: number;
  /** K, class centers a class. */
  readonly subCenters: number;
  readonly loss: string;
  readonly regime: Regime;
  /** Steps that count. */
  readonly steps: number;
  readonly threads: number;
  /** Also count the hard negatives of every step, as training logs do. */
  readonly diagnostics: boolean;
  readonly seed: number;
}

/** Pictures of every class, for the losses that ask. */
const PICTURES = 20;

/** The loss of a task. @throws UnknownNameError */
export function benchLoss({ loss, classes }: Pick<HeadTask, 'loss' | 'classes'>): MarginLoss {
  return createLoss(loss, {}, { classCounts: new Array(classes).fill(PICTURES) });
}

/** b where its loss has it start; undefined where the loss has none. */
export function startingBias({ bias }: MarginLoss, classes: number): Float32Array | undefined {
  return bias && new Float32Array(bias.of === 'each class' ? classes : 1).fill(bias.start(classes));
}

/** A batch to measure on. */
export interface HeadProblem {
  /** [B, d]. */
  readonly embeddings: Float32Array;
  /** [C·K, d]. */
  readonly weights: Float32Array;
  readonly labels: Int32Array;
}

/** @throws OptionOutOfRangeError */
export function checkTask(task: HeadTask): void {
  requireChoice('regime', task.regime, ['init', 'late']);
  for (const name of ['batch', 'dim', 'classes', 'subCenters', 'steps', 'threads'] as const)
    requireInteger(name, task[name], 1, 1e9);
}

/** Draws the batch of a task: uniform entries; `late` moves each embedding to a cosine of about 0.9 to its class's first center. */
export function headProblem(task: HeadTask): HeadProblem {
  const { dim, classes, subCenters, regime, seed } = task;
  const draw = uniform(seed);
  const weights = uniformFloats(classes * subCenters * dim, draw, 0.01);
  const { embeddings, labels } = drawSamples(task, draw);
  if (regime === 'late') {
    labels.forEach((label, i) => {
      for (let k = 0; k < dim; k++)
        embeddings[i * dim + k] = weights[label * subCenters * dim + k]! + 0.5 * embeddings[i * dim + k]!;
    });
  }
  return { embeddings, weights, labels };
}

/** Draws the samples of a task, whose class centers are drawn already. */
export function drawSamples(
  { batch, dim, classes }: Pick<HeadTask, 'batch' | 'dim' | 'classes'>,
  draw: () => number,
): Omit<HeadProblem, 'weights'> {
  const labels = Int32Array.from({ length: batch }, () => Math.floor(draw() * classes));
  return { labels, embeddings: uniformFloats(batch * dim, draw, 0.01) };
}
