import { type MarginLoss, type NegativeCounts, NonFiniteError } from '@cf/core';
import type { OnnxRuntime, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import { type TamedTile, tameRows, untameGradients } from './awkward-rows.ts';
import type { BatchTensors } from './batch-tensors.ts';
import type { ForwardParts } from './forward-graph.ts';
import type { HeadMemory } from './head-memory.ts';
import type { HeadSessions } from './head-sessions.ts';
import type { TilePlan } from './tile-plan.ts';

/** Σ_{j≠y} e^{z_ij} of each sample over one tile is e^{max}/peak; [B] each. */
export interface TileSums {
  readonly max: Float32Array;
  readonly peak: Float32Array;
  /** Σ_j p_ij·N_ij, p over the tile; empty unless the geometry is `norm-scaled`. */
  readonly radial: Float32Array;
}

/** What passes over the classes share. */
export interface ClassTilesContext {
  readonly runtime: OnnxRuntime;
  readonly sessions: HeadSessions;
  readonly loss: MarginLoss;
  readonly plan: TilePlan;
  readonly batch: number;
  readonly dim: number;
  readonly classes: number;
  /** W: [C, d]. */
  readonly weights: Float32Array;
  /** b: [C], for losses with a bias. */
  readonly bias: Float32Array | undefined;
  readonly tensors: BatchTensors;
  readonly checkFinite: boolean;
}

/** One step's way over the classes, tile by tile. */
export class ClassTiles {
  readonly #context: ClassTilesContext;
  readonly #memory: HeadMemory;
  readonly #norms: Float32Array;
  readonly #tamed: Map<number, TamedTile> = new Map();
  /** The tile whose slopes lie in the shared scratch. */
  #inScratch = -1;

  constructor(context: ClassTilesContext, memory: HeadMemory) {
    this.#context = context;
    this.#memory = memory;
    this.#norms = memory.array('norms', context.classes);
  }

  /** First class and number of classes of a tile. */
  range(tile: number): { start: number; count: number } {
    const { plan, classes } = this.#context;
    const start = tile * plan.tileSize;
    return { start, count: Math.min(plan.tileSize, classes - start) };
  }

  /**
   * Pass 1 over one tile.
   *
   * @throws NonFiniteError
   */
  async forward(
    tile: number,
    count: boolean,
  ): Promise<{ sums: TileSums; counts: NegativeCounts | undefined }> {
    const keep = tile < this.#context.plan.kept;
    const outputs = await this.#forward(tile, { keep, count, inspect: false });
    const counts = count
      ? {
          hard: outputs.hard![0]!,
          emphasised: outputs.emphasised![0]!,
          minSlope: outputs.min_slope![0]!,
          maxSlope: outputs.max_slope![0]!,
        }
      : undefined;
    return { sums: sumsOf(outputs), counts };
  }

  /** The scaled logits of a tile and their softmax, the samples' own classes left out: [B, n] each. */
  async inspect(tile: number): Promise<{ logits: Float32Array; probabilities: Float32Array }> {
    const outputs = await this.#forward(tile, { keep: false, count: false, inspect: true });
    return { logits: outputs.logits!, probabilities: outputs.p! };
  }

  /**
   * Pass 2 over one tile: writes its rows of `gradWeights` and of `gradBias`, and adds to the embeddings' gradient.
   *
   * @param factor (row scale)·dNll_i·(the tile's share of sample i's probability): [B].
   * @param before what other tiles came to: [B, d]. @param after before and this tile: [B, d].
   */
  async backward(
    tile: number,
    factor: Float32Array,
    before: Float32Array,
    after: Float32Array,
    gradWeights: Float32Array,
    gradBias: Float32Array | undefined,
  ): Promise<void> {
    const { loss, plan, batch, dim, sessions, tensors } = this.#context;
    const { start, count } = this.range(tile);
    if (tile >= plan.kept && this.#inScratch !== tile) {
      await this.#forward(tile, { keep: true, count: false, inspect: false });
    }
    const rows = gradWeights.subarray(start * dim, (start + count) * dim);
    const session = await sessions.backward();
    await session.run(
      {
        x: tensors.x,
        w: this.#weights(tile),
        before: this.#tensor(before, [batch, dim]),
        factor: this.#tensor(factor, [batch, 1]),
        slopes: this.#tensor(this.#slopes(tile), [batch, count]),
        ...(loss.geometry === 'inner'
          ? {}
          : { norms: this.#tensor(this.#norms.subarray(start, start + count), [count, 1]) }),
      },
      {
        after: this.#tensor(after, [batch, dim]),
        grad_w: this.#tensor(rows, [count, dim]),
        ...(gradBias === undefined
          ? {}
          : { grad_bias: this.#tensor(gradBias.subarray(start, start + count), [1, count]) }),
      },
    );
    const tamed = this.#tamed.get(tile);
    if (tamed !== undefined) untameGradients(rows, tamed.norms, dim);
  }

  async #forward(tile: number, parts: ForwardParts): Promise<Readonly<Record<string, Float32Array>>> {
    const { loss, dim, sessions, tensors, weights, bias, checkFinite } = this.#context;
    const { start, count } = this.range(tile);
    const arrays = this.#forwardArrays(tile, parts);
    const outputs = Object.fromEntries(
      Object.entries(arrays).map(([name, [data, ...dims]]) => [name, this.#tensor(data, dims)]),
    );
    const session = await sessions.forward(parts);
    const run = (): Promise<unknown> =>
      session.run(
        {
          x: tensors.x,
          w: this.#weights(tile),
          ...tensors.rows,
          ...tensors.own[tile]!,
          ...(bias === undefined
            ? {}
            : { bias: this.#tensor(bias.subarray(start, start + count), [1, count]) }),
        },
        outputs,
      );
    await run();
    if (parts.keep && tile >= this.#context.plan.kept) this.#inScratch = tile;
    if ((checkFinite || loss.geometry !== 'inner') && !this.#tamed.has(tile)) {
      const rows = weights.subarray(start * dim, (start + count) * dim);
      const tamed = tameRows(rows, this.#norms.subarray(start, start + count), dim, start);
      if (tamed !== undefined && loss.geometry !== 'inner') {
        this.#tamed.set(tile, tamed);
        await run();
      }
    }
    return Object.fromEntries(Object.entries(arrays).map(([name, [data]]) => [name, data]));
  }

  /** What pass 1 writes: arrays and their dimensions. */
  #forwardArrays(tile: number, parts: ForwardParts): Record<string, [Float32Array, ...number[]]> {
    const { loss, batch } = this.#context;
    const { start, count } = this.range(tile);
    const ofSamples = (): [Float32Array, number, number] => [new Float32Array(batch), batch, 1];
    const ofPairs = (): [Float32Array, number, number] => [new Float32Array(batch * count), batch, count];
    const scalar = (): [Float32Array] => [new Float32Array(1)];
    return {
      tile_max: ofSamples(),
      tile_peak: ofSamples(),
      norms: [this.#norms.subarray(start, start + count), count, 1],
      ...(loss.geometry === 'norm-scaled' ? { radial: ofSamples() } : {}),
      ...(parts.keep ? { slopes: [this.#slopes(tile), batch, count] } : {}),
      ...(parts.count
        ? { hard: scalar(), emphasised: scalar(), min_slope: scalar(), max_slope: scalar() }
        : {}),
      ...(parts.inspect ? { logits: ofPairs(), p: ofPairs() } : {}),
    };
  }

  #tensor(data: Float32Array, dims: readonly number[]): RuntimeTensor {
    return new this.#context.runtime.Tensor('float32', data, dims);
  }

  #weights(tile: number): RuntimeTensor {
    const { weights, dim } = this.#context;
    const { start, count } = this.range(tile);
    const rows = this.#tamed.get(tile)?.weights ?? weights.subarray(start * dim, (start + count) * dim);
    return this.#tensor(rows, [count, dim]);
  }

  /** Where the slopes of a tile lie: [B, n]. Tiles that are not kept share one place. */
  #slopes(tile: number): Float32Array {
    const { plan, batch } = this.#context;
    const place = tile < plan.kept ? `slopes ${tile}` : 'slopes';
    return this.#memory.array(place, batch * plan.tileSize).subarray(0, batch * this.range(tile).count);
  }
}

function sumsOf(outputs: Readonly<Record<string, Float32Array>>): TileSums {
  const { tile_max: max, tile_peak: peak, radial = new Float32Array(0) } = outputs;
  if (max === undefined || peak === undefined) throw new Error('pass 1 without its sums');
  for (const [i, value] of max.entries()) {
    if (Number.isFinite(value) && peak[i]! > 0) continue;
    throw new NonFiniteError(
      'logits',
      i,
      value,
      'scale embeddings and class centers down: their products overflow.',
    );
  }
  return { max, peak, radial };
}
