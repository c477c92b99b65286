import { biasBesideLogit, hasSmoothing, sumOf } from '../formula/negatives-formula.ts';
import type { RuntimeTensor, RuntimeTensors } from '../runtime/onnx-runtime.ts';
import type { BatchTensors } from './batch-tensors.ts';
import type { ForwardParts } from './forward-graph.ts';
import type { HeadMemory } from './head-memory.ts';
import {
  type Partials,
  type PassContext,
  type Tile,
  type TilePass,
  type TileRequest,
  type TileResults,
  timedPart,
} from './tile-pass.ts';

export interface GraphPassContext extends PassContext {
  readonly tensors: BatchTensors;
  /** Names of the sums that the loss asks for. */
  readonly sumNames: readonly string[];
}

type Arrays = Record<string, [data: Float32Array, ...dims: number[]]>;

/** Products and element-wise work of a tile as a graph of its own: runs on every execution provider. */
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
    const arrays = { peak: [peak, batch, 1], norms: normsOf(tile) } satisfies Arrays;
    const session = await sessions.peaks();
    await timedPart(this.#context, 'products', () => session.run(this.#feeds(tile), this.#tensors(arrays)));
    return peak;
  }

  async sums(tile: Tile, request: TileRequest): Promise<TileResults> {
    const { loss, batch, subCenters, sumNames } = this.#context;
    const { keep, count, meanwhile } = request;
    meanwhile?.();
    const column = (): [Float32Array, number, number] => [new Float32Array(batch), batch, 1];
    const scalar = (): [Float32Array] => [new Float32Array(1)];
    const arrays: Arrays = {
      ...(loss.objective.kind === 'softmax' ? { sum: column() } : {}),
      ...(loss.geometry === 'norm-scaled' ? { radial: column() } : {}),
      ...Object.fromEntries(sumNames.map((name) => [sumOf(name), column()])),
      ...(keep ? { slopes: [this.slopes(tile.index, tile.count), batch, tile.count * subCenters] } : {}),
      ...(keep && biasBesideLogit(loss) ? { grad_bias: [new Float32Array(tile.count), 1, tile.count] } : {}),
      ...(count ? { hard: scalar(), emphasised: scalar(), min_slope: scalar(), max_slope: scalar() } : {}),
    };
    await this.#run(tile, request, { keep, count, inspect: false }, arrays);
    const value = (name: string): number => arrays[name]![0][0]!;
    return {
      sum: arrays.sum?.[0] ?? new Float32Array(0),
      radial: arrays.radial?.[0] ?? new Float32Array(0),
      sums: Object.fromEntries(sumNames.map((name) => [name, arrays[sumOf(name)]![0]])),
      gradBias: arrays.grad_bias?.[0],
      along: undefined,
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
  async inspect(
    tile: Tile,
    partials: Partials,
  ): Promise<{ readonly logits: Float32Array; readonly partials: Float32Array }> {
    const { batch } = this.#context;
    const matrix = (): Float32Array => new Float32Array(batch * tile.count);
    const found = { logits: matrix(), partials: matrix() };
    const parts = { keep: false, count: false, inspect: true };
    await this.#run(tile, partials, parts, {
      logits: [found.logits, batch, tile.count],
      partials: [found.partials, batch, tile.count],
    });
    return found;
  }

  slopes(index: number, count: number): Float32Array {
    const { plan, batch, subCenters } = this.#context;
    const place = index < plan.kept ? `slopes ${index}` : 'slopes';
    const all = this.#memory.array(place, batch * plan.tileSize * subCenters);
    return all.subarray(0, batch * count * subCenters);
  }

  async #run(
    tile: Tile,
    { shift, share, dNll }: Omit<TileRequest, 'keep' | 'count'>,
    parts: ForwardParts,
    arrays: Arrays,
  ): Promise<void> {
    const { loss, sessions, batch } = this.#context;
    const column = (values: Float32Array | undefined): RuntimeTensor => {
      const known = values?.map((value) => (Number.isNaN(value) ? 0 : value));
      return this.#tensor(known ?? new Float32Array(batch), [batch, 1]);
    };
    const session = await sessions.forward(parts);
    const feeds = {
      ...this.#feeds(tile),
      ...(loss.objective.kind === 'softmax' ? { shift: column(shift) } : {}),
      ...(hasSmoothing(loss) ? { share: column(share) } : {}),
      ...(parts.keep && biasBesideLogit(loss) ? { d_nll: column(dNll) } : {}),
    };
    const outputs = this.#tensors({ ...arrays, norms: normsOf(tile) });
    await timedPart(this.#context, 'products', () => session.run(feeds, outputs));
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

function normsOf({ norms }: Tile): [Float32Array, number, number] {
  return [norms, norms.length, 1];
}
