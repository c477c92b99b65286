import { type NegativeCounts, NonFiniteError } from '@cf/core';
import type { RuntimeTensor } from '../runtime/onnx-runtime.ts';
import { type TamedTile, tameRows, untameGradients } from './awkward-rows.ts';
import type { GraphPass } from './graph-pass.ts';
import type { HeadMemory } from './head-memory.ts';
import type { TileSums } from './negative-sums.ts';
import type { PassContext, Tile, TilePass, TileResults } from './tile-pass.ts';

/** What passes over the classes share. */
export interface ClassTilesContext extends PassContext {
  readonly dim: number;
  readonly classes: number;
  /** W: [C, d]. */
  readonly weights: Float32Array;
  /** b: [C], for losses with a bias. */
  readonly bias: Float32Array | undefined;
  readonly checkFinite: boolean;
  readonly pass: TilePass;
  /** ∂W: [C, d]. Between the passes, the slopes of tiles wait in it. */
  readonly gradWeights: Float32Array;
}

/** What pass 2 reads of the batch: the same for all tiles of one shift. */
export interface Factored {
  /** factor_i = (row scale)·dNll_i·e^{shift_i}/Σ_j e^{z_ij}: [B]. */
  readonly factor: Float32Array;
  /** factor_i·x_i: [B, d]. */
  readonly x: Float32Array;
}

/** A sum this large has left so much room to float32's range that slopes and their products stay finite. */
const LARGEST_SUM = 1e15;
/** No logit is below; what hides a sample's own class is. */
const LEAST_LOGIT = -1e38;

/** One step's way over the classes, tile by tile. */
export class ClassTiles {
  readonly #context: ClassTilesContext;
  readonly #norms: Float32Array;
  readonly #tamed: Map<number, TamedTile> = new Map();
  readonly #checked: Set<number> = new Set();
  readonly #shifts: Map<number, Float32Array> = new Map();
  #shift: Float32Array;

  constructor(context: ClassTilesContext, memory: HeadMemory) {
    this.#context = context;
    this.#norms = memory.array('norms', context.classes);
    this.#shift = new Float32Array(context.batch).fill(Number.NaN);
  }

  /** Number of tiles. */
  get count(): number {
    return this.#context.plan.count;
  }

  /** First class and number of classes of a tile. */
  range(tile: number): { start: number; count: number } {
    const { plan, classes } = this.#context;
    const start = tile * plan.tileSize;
    return { start, count: Math.min(plan.tileSize, classes - start) };
  }

  /**
   * Pass 1 over one tile. Tiles share one shift a sample, the largest logit of the first tile that has a negative of it;
   * it rises where a tile's sum comes near the end of float32's range. The sums are good until the next call.
   *
   * @throws NonFiniteError
   */
  async forward(
    index: number,
    count: boolean,
  ): Promise<{ sums: TileSums; counts: NegativeCounts | undefined }> {
    const parts = { keep: !this.#comesAgain(index), count };
    if (this.#shift.some(Number.isNaN)) await this.#raise(index, (i) => Number.isNaN(this.#shift[i]!));
    let results = await this.#sums(index, this.#shift, parts);
    if (!results.sum.every((sum) => sum <= LARGEST_SUM)) {
      const { sum } = results;
      await this.#raise(index, (i) => !(sum[i]! <= LARGEST_SUM));
      results = await this.#sums(index, this.#shift, parts);
    }
    const { sum, radial, counts } = results;
    for (const [i, value] of sum.entries()) if (!Number.isFinite(value)) throw overflow(i, value);
    this.#shifts.set(index, this.#shift);
    this.#stored(index)?.set(this.#context.pass.slopes(index, this.range(index).count));
    return { sums: { shift: this.#shift, sum, radial }, counts };
  }

  /** The scaled logits of a tile and e^{logit − shift}, the samples' own classes left out: [B, n] each. */
  async inspect(index: number, graph: GraphPass): Promise<{ logits: Float32Array; exp: Float32Array }> {
    return graph.inspect(this.#tile(index), this.#shifts.get(index)!);
  }

  /** Leaves a tile out of pass 2. Its turn comes as that of any other, the last tile first. */
  skip(index: number): void {
    const { gradWeights, dim } = this.#context;
    const { start, count } = this.range(index);
    gradWeights.fill(0, start * dim, (start + count) * dim);
  }

  /**
   * Pass 2 over one tile: writes its rows of ∂W and of `gradBias`, and adds to the embeddings' gradient what has still to
   * be multiplied with the factors. The last tile comes first: where it writes, the slopes of the tile behind it waited.
   *
   * @param before what other tiles came to: [B, d]. @param after before and this tile: [B, d].
   */
  async backward(
    index: number,
    { factor, x }: Factored,
    before: Float32Array,
    after: Float32Array,
    gradBias: Float32Array | undefined,
  ): Promise<void> {
    const { loss, batch, dim, sessions, gradWeights } = this.#context;
    const { start, count } = this.range(index);
    const slopes = await this.#slopes(index);
    const rows = gradWeights.subarray(start * dim, (start + count) * dim);
    const norms = this.#norms.subarray(start, start + count);
    const session = await sessions.backward();
    await session.run(
      {
        x: this.#tensor(x, [batch, dim]),
        w: this.#tile(index).weights,
        before: this.#tensor(before, [batch, dim]),
        slopes: this.#tensor(slopes, [batch, count]),
        ...(loss.geometry === 'inner' ? {} : { norms: this.#tensor(norms, [count, 1]) }),
        ...(gradBias === undefined ? {} : { factor: this.#tensor(factor, [batch, 1]) }),
      },
      {
        after: this.#tensor(after, [batch, dim]),
        grad_w: this.#tensor(rows, [count, dim]),
        ...(gradBias === undefined
          ? {}
          : { grad_bias: this.#tensor(gradBias.subarray(start, start + count), [1, count]) }),
      },
    );
    const tamed = this.#tamed.get(index);
    if (tamed !== undefined) untameGradients(rows, tamed.norms, dim);
  }

  /** e_ij·N′_ij/‖w_j‖ of a tile, computed again unless pass 1 has left it somewhere: [B, n]. */
  async #slopes(index: number): Promise<Float32Array> {
    if (this.#comesAgain(index))
      await this.#sums(index, this.#shifts.get(index)!, { keep: true, count: false });
    return this.#stored(index) ?? this.#context.pass.slopes(index, this.range(index).count);
  }

  /** Whether pass 2 computes the slopes of a tile again. Those of the last one lie where pass 1 ended. */
  #comesAgain(index: number): boolean {
    const { kept, stored, count } = this.#context.plan;
    return !stored && index >= kept && index < count - 1;
  }

  /** Where in ∂W the slopes of a tile wait for pass 2, if they do: in the rows of the tile before. */
  #stored(index: number): Float32Array | undefined {
    const { plan, batch, dim, gradWeights } = this.#context;
    if (!plan.stored || index < plan.kept) return undefined;
    const at = this.range(index - 1).start * dim;
    return gradWeights.subarray(at, at + batch * this.range(index).count);
  }

  async #sums(
    index: number,
    shift: Float32Array,
    parts: { keep: boolean; count: boolean },
  ): Promise<TileResults> {
    return this.#withTamedRows(index, (tile) => this.#context.pass.sums(tile, shift, parts));
  }

  /** Sets the shift of the chosen samples to their largest logit in a tile. */
  async #raise(index: number, chosen: (sample: number) => boolean): Promise<void> {
    const peaks = await this.#withTamedRows(index, (tile) => this.#context.pass.peaks(tile));
    const raised = this.#shift.slice();
    for (const [i, peak] of peaks.entries()) {
      if (!chosen(i) || peak < LEAST_LOGIT) continue;
      if (!Number.isFinite(peak)) throw overflow(i, peak);
      raised[i] = peak;
    }
    this.#shift = raised;
  }

  /** Runs a pass over a tile, and once more where norms turn out to overflow in float32. */
  async #withTamedRows<Result>(index: number, run: (tile: Tile) => Promise<Result>): Promise<Result> {
    const { loss, dim, weights, checkFinite } = this.#context;
    const tile = this.#tile(index);
    const result = await run(tile);
    if (this.#checked.has(index) || !(checkFinite || loss.geometry !== 'inner')) return result;
    this.#checked.add(index);
    const rows = weights.subarray(tile.start * dim, (tile.start + tile.count) * dim);
    const tamed = tameRows(rows, tile.norms, dim, tile.start);
    if (tamed === undefined || loss.geometry === 'inner') return result;
    this.#tamed.set(index, tamed);
    return run(this.#tile(index));
  }

  #tile(index: number): Tile {
    const { weights, bias, dim } = this.#context;
    const { start, count } = this.range(index);
    const rows = this.#tamed.get(index)?.weights ?? weights.subarray(start * dim, (start + count) * dim);
    return {
      index,
      start,
      count,
      weights: this.#tensor(rows, [count, dim]),
      bias: bias && this.#tensor(bias.subarray(start, start + count), [1, count]),
      norms: this.#norms.subarray(start, start + count),
    };
  }

  #tensor(data: Float32Array, dims: readonly number[]): RuntimeTensor {
    return new this.#context.runtime.Tensor('float32', data, dims);
  }
}

function overflow(sample: number, value: number): NonFiniteError {
  const fix = 'scale embeddings and class centers down: their products overflow.';
  return new NonFiniteError('logits', sample, value, fix);
}
