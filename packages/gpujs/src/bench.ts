import { curricularFace, type HeadInput, keyedNormal, type MarginLoss, requireInteger } from '@cf/core';
import { type GpujsMode, gpujsBackend } from './gpujs-backend.ts';

/** What to time. */
export interface HeadBenchOptions {
  /** Default `cpu`. */
  readonly mode?: GpujsMode;
  /** Default CurricularFace. */
  readonly loss?: MarginLoss;
  /** B. Default 128. */
  readonly batch?: number;
  /** C. Default 10,000. */
  readonly classes?: number;
  /** d. Default 512. */
  readonly dim?: number;
  /** Classes a tile; the head's choice by default. */
  readonly tileSize?: number;
  /** Steps that are timed. Default 5. */
  readonly steps?: number;
  /** Steps before them, which compile kernels. Default 1. */
  readonly warmup?: number;
}

/** Milliseconds of whole steps: from arrays here to gradients here. */
export interface HeadBenchResult {
  readonly backend: string;
  readonly loss: string;
  readonly batch: number;
  readonly classes: number;
  readonly dim: number;
  /** Of the timed steps. */
  readonly medianMs: number;
  readonly fastestMs: number;
  /** The first step of all, with the compilation of its kernels. */
  readonly firstMs: number;
  /** Each timed step. */
  readonly stepsMs: readonly number[];
}

/**
 * Times the head on random embeddings and class centers.
 *
 * @throws OptionOutOfRangeError; BackendError (`E_BACKEND`) if the mode is not available here
 */
export async function benchHead(options: HeadBenchOptions = {}): Promise<HeadBenchResult> {
  const { mode = 'cpu', loss = curricularFace(), batch = 128, classes = 10_000, dim = 512 } = options;
  const { steps = 5, warmup = 1, tileSize } = options;
  for (const [name, value] of Object.entries({ batch, classes, dim, steps, warmup })) {
    requireInteger(name, value, 1, Number.MAX_SAFE_INTEGER);
  }
  const input = randomInput(loss, batch, classes, dim);
  const backend = await gpujsBackend({ mode });
  try {
    const head = await backend.createHead(loss, tileSize === undefined ? {} : { tileSize });
    const all: number[] = [];
    for (let step = 0; step < warmup + steps; step++) {
      const start = performance.now();
      await head.step(input);
      all.push(performance.now() - start);
    }
    const timed = all.slice(warmup);
    const sorted = [...timed].sort((a, b) => a - b);
    return {
      backend: backend.name,
      loss: loss.name,
      batch,
      classes,
      dim,
      medianMs: (sorted[Math.floor((steps - 1) / 2)]! + sorted[Math.ceil((steps - 1) / 2)]!) / 2,
      fastestMs: sorted[0]!,
      firstMs: all[0]!,
      stepsMs: timed,
    };
  } finally {
    await backend.dispose();
  }
}

/** Embeddings lean towards their classes, so that targets, hard and easy negatives all occur. */
function randomInput(loss: MarginLoss, batch: number, classes: number, dim: number): HeadInput {
  const weights = Float32Array.from({ length: classes * dim }, (_, at) => keyedNormal(1, 0, at));
  const labels = Int32Array.from({ length: batch }, (_, i) => (i * 7919) % classes);
  const embeddings = Float32Array.from(
    { length: batch * dim },
    (_, at) => weights[labels[Math.floor(at / dim)]! * dim + (at % dim)]! + keyedNormal(2, 0, at),
  );
  const bias = loss.bias ? { bias: new Float32Array(classes) } : {};
  return { embeddings, weights, labels, dim, ...bias };
}
