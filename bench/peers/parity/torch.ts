import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { IMAGE_SHAPE, type ParityData, type ParityTask } from './task.ts';
import { type NamedTensors, readTensors, writeTensors } from './tensor-file.ts';

const SCRIPT = fileURLToPath(new URL('train.py', import.meta.url));

/** The same training in PyTorch. */
export interface TorchTrace {
  readonly version: string;
  /** Where both trainings start: the weights that were given, moved away from kinks for the first batch. */
  readonly start: NamedTensors;
  /** Least distance of a first activation from a kink. */
  readonly nearestKink: number;
  /** Loss of each step, before its update. */
  readonly losses: readonly number[];
  /** t of each step. */
  readonly ts: readonly number[];
  /** Losses of runs whose first weights are one ulp away: [runs][steps]. */
  readonly perturbedLosses: readonly (readonly number[])[];
  /** Of the first step, by parameter. */
  readonly firstGradients: NamedTensors;
  /** The same, computed in float64. */
  readonly exactGradients: NamedTensors;
}

/** A Python with torch, if there is one. */
export function findTorch(
  candidates: readonly string[] = ['/usr/bin/python3', 'python3'],
): string | undefined {
  return candidates.find((python) => spawnSync(python, ['-c', 'import torch']).status === 0);
}

/**
 * Trains in PyTorch, and again `perturbed` times from weights that are one ulp away.
 *
 * @param weights weights and running statistics by name
 */
export async function trainInTorch(
  python: string,
  task: ParityTask,
  { images, labels, order, rates }: ParityData,
  weights: NamedTensors,
  perturbed: number,
): Promise<TorchTrace> {
  const folder = await mkdtemp(join(tmpdir(), 'step-parity-'));
  const file = (name: string): string => join(folder, `${name}.safetensors`);
  const paths = {
    weights: file('weights'),
    start: file('start'),
    images: file('images'),
    gradients: file('gradients'),
    exactGradients: file('exact-gradients'),
  };
  try {
    await writeTensors(paths.weights, weights);
    const dims = [labels.length, ...IMAGE_SHAPE];
    await writeTensors(paths.images, new Map([['images', { type: 'float32', dims, data: images }]]));
    const printed = await runPython(python, { ...task, ...paths, labels, order, rates, perturbed });
    return {
      ...(JSON.parse(printed) as Omit<TorchTrace, 'start' | 'firstGradients' | 'exactGradients'>),
      start: await readTensors(paths.start),
      firstGradients: await readTensors(paths.gradients),
      exactGradients: await readTensors(paths.exactGradients),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function runPython(python: string, input: unknown): Promise<string> {
  // Large buffers stay with the process, and OpenBLAS finds its kernels itself: PyTorch is fastest so.
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...environment } = process.env;
  const child = spawn(python, [SCRIPT], {
    env: { ...environment, MALLOC_MMAP_THRESHOLD_: '4000000000', MALLOC_TRIM_THRESHOLD_: '8000000000' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A child that ends early closes the pipe; its exit code says more than the failed write.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(input));
  const [printed, code] = await Promise.all([text(child.stdout), closed]);
  if (code !== 0) throw new Error(`${python} ${SCRIPT} ended with ${code}`);
  return printed;
}
