import { NORM_FLOOR } from '@cf/core';
import type {
  BackwardTile,
  ForwardTile,
  HeadProducts,
  ProductsPlan,
  TileProducts,
} from '../../head/tile-products.ts';
import type { OneDnnApi } from './api.ts';
import { type Multiply, matrixProduct } from './matrix-product.ts';
import type { OneDnnOptions } from './one-dnn-kernels.ts';
import { openOneDnn } from './open-one-dnn.ts';
import { othersTurn, PATIENCE } from './others-turn.ts';
import type { Address } from './row-arithmetic.ts';
import { numbersOf, type TileJob, TileWork } from './tile-job.ts';

/** @param program of the threads beside the one that asks */
export function openHeadProducts({ koffi, library }: OneDnnOptions, program: URL): HeadProducts {
  const api = openOneDnn(koffi, library);
  const { major, minor, patch } = api.library.version;
  return {
    name: `oneDNN ${major}.${minor}.${patch}`,
    implementation: api.implementationOf(
      api.product({
        source: api.plain([64, 64]),
        weights: api.plain([64, 64]),
        destination: api.plain([64, 64]),
      }),
    ),
    program: { url: program.href, data: api.library.path },
    open: (plan) => new OneDnnTileProducts(api, plan),
  };
}

class OneDnnTileProducts implements TileProducts {
  readonly #api: OneDnnApi;
  readonly #plan: ProductsPlan;
  readonly #work: TileWork;
  readonly #multiply: Multiply;
  #inverse: Float32Array = new Float32Array(0);
  /** Since when nothing else of the process has had its turn. */
  #since = 0;

  constructor(api: OneDnnApi, plan: ProductsPlan) {
    this.#api = api;
    this.#plan = plan;
    this.#multiply = matrixProduct(api);
    this.#work = new TileWork(api);
  }

  forward(tile: ForwardTile): void | Promise<void> {
    return this.#prepared(shapeOf(tile.weights, tile.norms, tile.products), () => this.#forward(tile));
  }

  /** Once the threads are there that take part. */
  #prepared(
    shape: Pick<TileJob, 'batch' | 'dim' | 'rows'>,
    run: () => void | Promise<void>,
  ): void | Promise<void> {
    const starting = isShared(shape) ? this.#plan.threads.prepareTiles(shape.batch) : undefined;
    return starting === undefined ? run() : starting.then(run);
  }

  #forward({ x, weights, norms, bias, products }: ForwardTile): void | Promise<void> {
    const shape = shapeOf(weights, norms, products);
    const { batch, rows } = shape;
    if (bias !== undefined) for (let i = 0; i < batch; i++) products.set(bias, i * rows);
    const job = {
      ...{ ...shape, ...NOTHING, isBackward: false, isAdded: bias !== undefined },
      ...this.#addresses({ weights, pairs: products, x, norms }),
    };
    this.#run(job, []);
    return this.#rest();
  }

  backward(tile: BackwardTile): void | Promise<void> {
    return this.#prepared(shapeOf(tile.weights, tile.norms, tile.slopes), () => this.#backward(tile));
  }

  #backward(tile: BackwardTile): void | Promise<void> {
    const { weights, norms, slopes, pull, gradient, sums } = tile;
    const { loss, threads } = this.#plan;
    const inverse = pull === undefined && loss.geometry !== 'inner' ? this.#inverseOf(norms) : undefined;
    const job = {
      ...{ ...shapeOf(weights, norms, slopes), ...NOTHING, isBackward: true, isAdded: false },
      ...this.#addresses({ weights, gradient, pairs: slopes, x: sums.x, inverse, pull }),
    };
    const partial = (_: unknown, thread: number): Address =>
      sums.isWanted ? this.#addressOf(sums.partial(thread)) : 0;
    this.#run(job, Array.from({ length: threads.count }, partial));
    this.#addUpBias(tile);
    return this.#rest();
  }

  dispose(): void {
    this.#work.release();
  }

  #run(job: TileJob, sums: readonly Address[]): void {
    this.#api.library.setThreads(1);
    const run = (thread: number, threads: number): void =>
      this.#work.run(job, thread, threads, sums[thread] ?? 0);
    if (isShared(job)) this.#plan.threads.runTile(numbersOf(job, sums), (_, ...which) => run(...which));
    else run(0, 1);
  }

  #addressOf(data: Float32Array): Address {
    return Number(this.#api.library.foreign.address(data));
  }

  #addresses<Name extends string>(
    arrays: Readonly<Record<Name, Float32Array | undefined>>,
  ): Record<Name, Address> {
    const entries = Object.entries<Float32Array | undefined>(arrays);
    return Object.fromEntries(
      entries.map(([name, data]) => [name, data === undefined ? 0 : this.#addressOf(data)]),
    ) as Record<Name, Address>;
  }

  /** 1/‖w‖, 0 for a zero vector, and then the same below 0: [2, n·K]. */
  #inverseOf(norms: Float32Array): Float32Array {
    const rows = norms.length;
    if (this.#inverse.length < 2 * rows) this.#inverse = new Float32Array(2 * rows);
    for (let j = 0; j < rows; j++) {
      const inverse = norms[j]! > NORM_FLOOR ? 1 / norms[j]! : 0;
      this.#inverse[j] = inverse;
      this.#inverse[rows + j] = -inverse;
    }
    return this.#inverse;
  }

  /** Σ_i factor_i·slope_ij. A class has one bias, whichever of its centers is the nearest. */
  #addUpBias({ slopes, norms, gradBias, sums: { factor } }: BackwardTile): void {
    if (gradBias === undefined) return;
    const { subCenters } = this.#plan;
    const rows = norms.length;
    const ofRows = subCenters === 1 ? gradBias : new Float32Array(rows);
    const row = (data: Float32Array, stride: number) => ({ at: this.#addressOf(data), stride });
    this.#api.library.undisturbed(() =>
      this.#multiply({
        size: [1, rows, factor.length],
        a: row(factor, factor.length),
        b: row(slopes, rows),
        result: row(ofRows, rows),
      }),
    );
    if (subCenters === 1) return;
    gradBias.fill(0);
    for (let j = 0; j < rows; j++) gradBias[Math.floor(j / subCenters)]! += ofRows[j]!;
  }

  /** Lets other work of the process have its turn, where it has waited. */
  #rest(): void | Promise<void> {
    const now = performance.now();
    // Who comes after a pause has given others their turn.
    if (now - this.#since > 20 * PATIENCE) this.#since = now;
    if (now - this.#since < PATIENCE) return;
    return othersTurn().then(() => {
      this.#since = performance.now();
    });
  }
}

/** Fewer multiplications are done before another thread has heard of them. */
const LEAST_SHARED = 2 ** 20;

function isShared({ batch, rows, dim }: Pick<TileJob, 'batch' | 'dim' | 'rows'>): boolean {
  return batch * rows * dim >= LEAST_SHARED;
}

const NOTHING = { gradient: 0, norms: 0, inverse: 0, pull: 0 } as const;

function shapeOf(
  weights: Float32Array,
  norms: Float32Array,
  pairs: Float32Array,
): Pick<TileJob, 'batch' | 'dim' | 'rows'> {
  const rows = norms.length;
  return { rows, batch: pairs.length / rows, dim: weights.length / rows };
}
