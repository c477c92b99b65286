import { type HeadInput, initialState } from '@cf/core';
import { openBackend } from '../../engines/open-backend.ts';
import { peakMiB, resetPeak } from '../memory.ts';
import { openProductRate } from '../product-rate.ts';
import { median, secondsOf } from '../timing.ts';
import { benchLoss, checkTask, type HeadTask, headProblem, startingBias } from './head-task.ts';

/** What a measurement gives; times in seconds. */
export interface HeadMeasurement {
  readonly seconds: readonly number[];
  readonly medianSeconds: number;
  /** Best rate of float32 matrix products between the steps, in operations a second. */
  readonly productRate: number;
  /** Peak resident memory above that of the process with runtime, X, W and ∂W; null where the system does not tell. */
  readonly peakExtraMiB: number | null;
  readonly skippedShare: number | null;
  /** What multiplies, where a backend tells. */
  readonly products: string | null;
  readonly value: number;
}

const WARM_UP = 3;

/**
 * Measures one head in this process, which should be a fresh one: its peak memory counts.
 *
 * Forward and backward, the gradients of X and W both delivered. The machine's limit is measured between the steps.
 */
export async function measureHead(task: HeadTask): Promise<HeadMeasurement> {
  checkTask(task);
  const rate = await openProductRate(task.threads, undefined, task.device);
  await rate.measure();
  const { embeddings, weights, labels } = headProblem(task);
  const gradWeights = new Float32Array(weights.length).fill(1);
  // Libraries that are loaded are runtime.
  const backend = await openBackend(task.backend, {
    askedBy: `--backend ${task.backend}`,
    threads: task.threads,
    device: task.device,
    kernels: task.kernels ?? 'auto',
  });
  resetPeak();
  const before = peakMiB();

  const { classes, subCenters } = task;
  const loss = benchLoss(task);
  const head = await backend.createHead(loss, { subCenters });
  const state = initialState(loss);
  const values = task.regime === 'late' && 't' in state.values ? { ...state.values, t: 0.8 } : state.values;
  const input: HeadInput = {
    embeddings,
    weights,
    labels,
    dim: task.dim,
    gradWeights,
    countNegatives: task.diagnostics,
    state: { ...state, values },
    bias: startingBias(loss, classes),
  };
  const seconds: number[] = [];
  let last = await head.step(input);
  for (let i = 1; i < WARM_UP + task.steps; i++) {
    const taken = await secondsOf(async () => {
      last = await head.step(input);
    });
    if (i >= WARM_UP) seconds.push(taken);
    await rate.measure();
  }
  const after = peakMiB();
  head.dispose();
  await backend.dispose();
  return {
    seconds,
    medianSeconds: median(seconds),
    productRate: await rate.close(),
    peakExtraMiB: before === undefined || after === undefined ? null : after - before,
    skippedShare: last.diagnostics.skippedShare,
    products: (backend.choices?.products as string | undefined) ?? null,
    value: last.loss,
  };
}
