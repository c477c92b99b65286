import type { RuntimeTensor, RuntimeTensors } from '../runtime/onnx-runtime.ts';
import type { BatchTensors } from './batch-tensors.ts';
import type { ForwardParts } from './forward-graph.ts';
import type { HeadMemory } from './head-memory.ts';
import type { PassContext, Tile, TilePass, TileResults } from './tile-pass.ts';

export interface GraphPassContext extends PassContext {
  readonly tensors: BatchTensors;
}

type Arrays = Record<string, [data: Float32Array, ...dims: number[]]>;

/** Pass 1 as a graph of its own: runs on every execution provider. */
export class GraphPass implements TilePass {
  readonly #context: GraphPassContext;
  readonly #memory: HeadMemory;

  constructor(context: GraphPassContext, memory: HeadMemory) {
    this.#context = context;
    this.#memory = memory;
  }

  async peaks(tile: Tile): Promise<Float32Array> {
    const { sessions, batch } = this.#context;
    const peak = new Float32Array(batch);
    const arrays: Arrays = { peak: [peak, batch, 1], norms: [tile.norms, tile.count, 1] };
    await (await sessions.peaks()).run(this.#feeds(tile), this.#tensors(arrays));
    return peak;
  }

  async sums(
    tile: Tile,
    shift: Float32Array,
    { keep, count }: { keep: boolean; count: boolean },
  ): Promise<TileResults> {
    const { loss, batch } = this.#context;
    const scalar = (): [Float32Array] => [new Float32Array(1)];
    const arrays: Arrays = {
      sum: [new Float32Array(batch), batch, 1],
      ...(loss.geometry === 'norm-scaled' ? { radial: [new Float32Array(batch), batch, 1] } : {}),
      ...(keep ? { slopes: [this.slopes(tile.index, tile.count), batch, tile.count] } : {}),
      ...(count ? { hard: scalar(), emphasised: scalar(), min_slope: scalar(), max_slope: scalar() } : {}),
    };
    await this.#run(tile, shift, { keep, count, inspect: false }, arrays);
    const value = (name: string): number => arrays[name]![0][0]!;
    return {
      sum: arrays.sum![0],
      radial: arrays.radial?.[0] ?? new Float32Array(0),
      counts: count
        ? {
            hard: value('hard'),
            emphasised: value('emphasised'),
            minSlope: value('min_slope'),
            maxSlope: value('max_slope'),
          }
        : undefined,
    };
  }

  /** The scaled logits of a tile and their e_ij, the samples' own classes left out: [B, n] each. */
  async inspect(tile: Tile, shift: Float32Array): Promise<{ logits: Float32Array; exp: Float32Array }> {
    const { batch } = this.#context;
    const logits = new Float32Array(batch * tile.count);
    const exp = new Float32Array(batch * tile.count);
    const parts = { keep: false, count: false, inspect: true };
    await this.#run(tile, shift, parts, {
      logits: [logits, batch, tile.count],
      exponentials: [exp, batch, tile.count],
    });
    return { logits, exp };
  }

  slopes(index: number, count: number): Float32Array {
    const { plan, batch } = this.#context;
    const place = index < plan.kept ? `slopes ${index}` : 'slopes';
    return this.#memory.array(place, batch * plan.tileSize).subarray(0, batch * count);
  }

  async #run(tile: Tile, shift: Float32Array, parts: ForwardParts, arrays: Arrays): Promise<void> {
    const { sessions, batch } = this.#context;
    const known = shift.map((value) => (Number.isNaN(value) ? 0 : value));
    const session = await sessions.forward(parts);
    await session.run(
      { ...this.#feeds(tile), shift: this.#tensor(known, [batch, 1]) },
      this.#tensors({ ...arrays, norms: [tile.norms, tile.count, 1] }),
    );
  }

  #feeds(tile: Tile): RuntimeTensors {
    const { x, samples, own } = this.#context.tensors;
    const bias = tile.bias === undefined ? {} : { bias: tile.bias };
    return { x, w: tile.weights, ...samples, ...own(tile.index), ...bias };
  }

  #tensors(arrays: Arrays): Record<string, RuntimeTensor> {
    return Object.fromEntries(
      Object.entries(arrays).map(([name, [data, ...dims]]) => [name, this.#tensor(data, dims)]),
    );
  }

  #tensor(data: Float32Array, dims: readonly number[]): RuntimeTensor {
    return new this.#context.runtime.Tensor('float32', data, dims);
  }
}
