import { type MarginLoss, type NegativeCounts, NonFiniteError } from '@cf/core';
import type { OnnxRuntime, RuntimeTensor } from '../training/runtime.ts';
import { type TamedTile, tameRows, untameGradients } from './awkward-rows.ts';
import type { BatchTensors } from './batch-tensors.ts';
import type { ForwardParts } from './forward-graph.ts';
import type { HeadSessions } from './head-sessions.ts';
import type { RunInto } from './run-into.ts';
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
  readonly run: RunInto;
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

/** Scratch memory of a head, kept from step to step: page faults cost more than the arithmetic. */
export class TileMemory {
  readonly #arrays: Map<string, Float32Array> = new Map();

  /** An array of at least `length`, cut to it; its old content if it was there. */
  array(name: string, length: number): Float32Array {
    let array = this.#arrays.get(name);
    if (array === undefined || array.length < length) {
      array = new Float32Array(length);
      this.#arrays.set(name, array);
    }
    return array.subarray(0, length);
  }

  clear(): void {
    this.#arrays.clear();
  }
}

/** One step's way over the classes, tile by tile. */
export class ClassTiles {
  readonly #context: ClassTilesContext;
  readonly #memory: TileMemory;
  readonly #norms: Float32Array;
  readonly #tamed: Map<number, TamedTile> = new Map();
  /** The tile whose slopes lie in the shared scratch. */
  #inScratch = -1;

  constructor(context: ClassTilesContext, memory: TileMemory) {
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
    const { loss, plan, batch, dim, runtime, run, sessions, tensors } = this.#context;
    const { start, count } = this.range(tile);
    if (tile >= plan.kept && this.#inScratch !== tile) {
      await this.#forward(tile, { keep: true, count: false, inspect: false });
    }
    const tensor = (data: Float32Array, dims: readonly number[]): RuntimeTensor =>
      new runtime.Tensor('float32', data, dims);
    const kept = this.#kept(tile);
    const rows = gradWeights.subarray(start * dim, (start + count) * dim);
    const onSphere = loss.geometry !== 'inner';
    await run(
      await sessions.backward(),
      {
        x: tensors.x,
        w: this.#weights(tile),
        before: tensor(before, [batch, dim]),
        factor: tensor(factor, [batch, 1]),
        slopes: tensor(kept.slopes, [batch, count]),
        ...(onSphere
          ? {
              along: tensor(kept.along, [batch, count]),
              norms: tensor(this.#norms.subarray(start, start + count), [count, 1]),
            }
          : {}),
      },
      {
        after: { data: after, dims: [batch, dim] },
        grad_w: { data: rows, dims: [count, dim] },
        ...(gradBias === undefined
          ? {}
          : { grad_bias: { data: gradBias.subarray(start, start + count), dims: [1, count] } }),
      },
    );
    const tamed = this.#tamed.get(tile);
    if (tamed !== undefined) untameGradients(rows, tamed.norms, dim);
  }

  async #forward(tile: number, parts: ForwardParts): Promise<Readonly<Record<string, Float32Array>>> {
    const { loss, batch, dim, runtime, run, sessions, tensors, weights, bias, checkFinite } = this.#context;
    const { start, count } = this.range(tile);
    const norms = this.#norms.subarray(start, start + count);
    const targets: Record<string, { data: Float32Array; dims: number[] }> = {
      tile_max: { data: new Float32Array(batch), dims: [batch, 1] },
      tile_peak: { data: new Float32Array(batch), dims: [batch, 1] },
      norms: { data: norms, dims: [count, 1] },
    };
    if (loss.geometry === 'norm-scaled') targets.radial = { data: new Float32Array(batch), dims: [batch, 1] };
    if (parts.keep) {
      const kept = this.#kept(tile);
      targets.slopes = { data: kept.slopes, dims: [batch, count] };
      if (loss.geometry !== 'inner') targets.along = { data: kept.along, dims: [batch, count] };
      this.#inScratch = tile;
    }
    if (parts.count) {
      for (const name of ['hard', 'emphasised', 'min_slope', 'max_slope'])
        targets[name] = { data: new Float32Array(1), dims: [] };
    }
    if (parts.inspect) {
      for (const name of ['logits', 'p'])
        targets[name] = { data: new Float32Array(batch * count), dims: [batch, count] };
    }
    const session = await sessions.forward(parts);
    const go = (): Promise<void> =>
      run(
        session,
        {
          x: tensors.x,
          w: this.#weights(tile),
          ...tensors.rows,
          ...tensors.own[tile]!,
          ...(bias === undefined
            ? {}
            : { bias: new runtime.Tensor('float32', bias.subarray(start, start + count), [1, count]) }),
        },
        targets,
      );
    await go();
    const tamed =
      this.#tamed.has(tile) || !(checkFinite || loss.geometry !== 'inner')
        ? undefined
        : tameRows(weights.subarray(start * dim, (start + count) * dim), norms, dim, start);
    if (tamed !== undefined && loss.geometry !== 'inner') {
      this.#tamed.set(tile, tamed);
      await go();
    }
    return Object.fromEntries(Object.entries(targets).map(([name, { data }]) => [name, data]));
  }

  #weights(tile: number): RuntimeTensor {
    const { runtime, weights, dim } = this.#context;
    const { start, count } = this.range(tile);
    const rows = this.#tamed.get(tile)?.weights ?? weights.subarray(start * dim, (start + count) * dim);
    return new runtime.Tensor('float32', rows, [count, dim]);
  }

  /** Where what pass 1 keeps of a tile lies; tiles that are not kept share one place. */
  #kept(tile: number): { slopes: Float32Array; along: Float32Array } {
    const { plan, batch, loss } = this.#context;
    const { count } = this.range(tile);
    const place = tile < plan.kept ? `${tile}` : 'scratch';
    const full = batch * plan.tileSize;
    const slopes = this.#memory.array(`slopes ${place}`, full).subarray(0, batch * count);
    if (loss.geometry === 'inner') return { slopes, along: slopes };
    return { slopes, along: this.#memory.array(`along ${place}`, full).subarray(0, batch * count) };
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
