import {
  BackendError,
  type Head,
  type HeadInput,
  type HeadOptions,
  type HeadOutput,
  headStep,
  type MarginLoss,
  requireFiniteTensor,
  requireInteger,
  runSteps,
  surveyLoss,
} from '@cf/core';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { briefWaiting, type SessionOpener } from '../runtime/sessions.ts';
import { classPasses } from './class-passes.ts';
import { GraphProducts } from './graph-products.ts';
import { HeadMemory } from './head-memory.ts';
import { HeadSessions } from './head-sessions.ts';
import type { SimdKernel } from './simd-kernel.ts';
import type { OnPart } from './tile-pass.ts';
import type { TileLimits } from './tile-plan.ts';
import type { HeadProducts } from './tile-products.ts';

/** What a backend lends to its heads. */
export interface HeadSettings extends TileLimits {
  /** `keepBytes` where no ∂W is there for slopes to wait in. */
  readonly keepBytesWithoutGradient: number;
  readonly runtime: OnnxRuntime;
  readonly opener: SessionOpener;
  /** Largest skipped probability of a sample × largest slope; 0 skips nothing. */
  readonly skipBound: number;
  /** Do the element-wise work, one for each of `lossesOf(loss)`; without, graphs do. */
  readonly kernels: ReadonlyMap<MarginLoss, SimdKernel> | undefined;
  /** Multiplies; without, graphs do. */
  readonly products: HeadProducts | undefined;
  readonly onPart: OnPart | undefined;
}

/** The losses that the passes of a head are about: its own, and the one that a survey takes before. */
export function lossesOf(loss: MarginLoss): readonly MarginLoss[] {
  return loss.surveyScale === undefined ? [loss] : [loss, surveyLoss];
}

/**
 * The streaming head on onnxruntime: O(C) work in float32 graphs over tiles of classes, O(B·d) work in core's own
 * functions, in float64. Memory beside the caller's arrays is what pass 1 keeps and a few tiles.
 *
 * @throws OptionOutOfRangeError if tileSize is not a positive integer
 */
export function onnxHead(loss: MarginLoss, settings: HeadSettings, options: HeadOptions): Head {
  const { tileSize, subCenters = 1, checkFinite = true } = options;
  if (tileSize !== undefined) requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  const { opener, kernels, runtime } = settings;
  const waiting = briefWaiting(runtime);
  const sessions = new Map(
    lossesOf(loss).map((each) => [each, new HeadSessions(opener, each, subCenters, waiting)]),
  );
  const products = new Map(
    lossesOf(loss).map((each) => [
      each,
      settings.products?.open({ loss: each, subCenters, threads: kernels!.get(each)!.threads }) ??
        new GraphProducts(runtime, sessions.get(each)!, { loss: each }),
    ]),
  );
  const memory = new HeadMemory();
  const parts = { ...settings, memory, tileSize, checkFinite };
  let last: Promise<unknown> = Promise.resolve();
  let disposed = false;
  const step = (input: HeadInput): Promise<HeadOutput> => {
    const allocate = memory.allocator();
    return runSteps(
      headStep({
        loss,
        input: inFloat32(input),
        options,
        precision: 'float32',
        // W is looked at tile by tile, through the norms that pass 1 computes anyway.
        checksWeights: true,
        allocate,
        passes: (batch) =>
          classPasses(batch, {
            ...parts,
            allocate,
            sessions: sessions.get(batch.loss)!,
            products: products.get(batch.loss)!,
            kernel: kernels?.get(batch.loss),
          }),
      }),
    );
  };
  return {
    loss,
    subCenters: options.subCenters ?? 1,
    async step(input) {
      if (disposed)
        throw new BackendError('a disposed head', 'a head in use', 'make another with createHead().');
      // One step at a time: steps share the head's memory.
      const run = (): Promise<HeadOutput> => step(input);
      const result = last.then(run, run);
      last = result;
      return result;
    },
    dispose() {
      disposed = true;
      const release = (): void => {
        for (const ofLoss of sessions.values()) ofLoss.dispose();
        for (const ofLoss of products.values()) ofLoss.dispose();
        for (const kernel of kernels?.values() ?? []) kernel.threads.dispose();
        memory.clear();
      };
      last.then(release, release);
    },
  };
}

/** W and b as the graphs read them. @throws NonFiniteError for a finite float64 that float32 does not hold */
function inFloat32(input: HeadInput): HeadInput {
  const weights = asFloat32('weights', input.weights);
  return input.bias === undefined
    ? { ...input, weights }
    : { ...input, weights, bias: asFloat32('bias', input.bias) };
}

function asFloat32(name: string, values: HeadInput['weights']): Float32Array {
  if (values instanceof Float32Array) return values;
  const out = Float32Array.from(values);
  if (values.some((value, i) => Number.isFinite(value) && !Number.isFinite(out[i])))
    requireFiniteTensor(name, out);
  return out;
}
