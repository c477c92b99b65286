import type { Allocate, BatchContext } from '@cf/core';
import type { ClassTiles } from './class-tiles.ts';
import { EmbeddingSums } from './embedding-sums.ts';
import type { GraphPass } from './graph-pass.ts';
import type { HeadMemory } from './head-memory.ts';

/** What the passes of one step work with. */
export interface StepWork {
  readonly context: BatchContext;
  readonly tiles: ClassTiles;
  readonly graph: GraphPass;
  readonly memory: HeadMemory;
  readonly allocate: Allocate;
  /** x̂, or x: [B, d]. */
  readonly unit: Float32Array;
  /** ∂W: [C·K, d]. */
  readonly gradWeights: () => Float32Array;
  /** Largest skipped probability of a sample × largest slope; 0 skips nothing. */
  readonly skipBound: number;
}

/** Zeros of the embeddings' gradient, to add tiles to. @param isWanted {@link EmbeddingSums.isWanted} */
export function emptyEmbeddingSums({ memory, unit, allocate }: StepWork, isWanted: boolean): EmbeddingSums {
  return new EmbeddingSums(memory, unit, allocate(unit.length), isWanted);
}

/** Zeros of the bias's gradient, where there is a bias: [C]. */
export function emptyGradBias({ loss, classes }: BatchContext): Float32Array | undefined {
  return loss.bias ? new Float32Array(classes) : undefined;
}
