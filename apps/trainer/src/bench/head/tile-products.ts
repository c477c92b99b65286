import { GraphBuilder, sessionOpener } from '@cf/onnx';
import * as runtime from 'onnxruntime-node';
import { secondsOf } from '../timing.ts';

/** The three products of a head and nothing else, in tiles. */
export interface TileProducts {
  /** Seconds of all tiles: x·Wᵀ of each, and then, the last tile first, S·W and Sᵀ·x of each. */
  measure(): Promise<number>;
  /** Seconds of a call that computes nothing. */
  measureCall(): Promise<number>;
  close(): Promise<void>;
}

export interface TileProductsTask {
  readonly batch: number;
  readonly dim: number;
  /** Number of tiles of one size. */
  readonly tiles: number;
  readonly threads: number;
  /** [rows, d] each; ∂W is written to. */
  readonly weights: Float32Array;
  readonly gradWeights: Float32Array;
}

/** Threads of an idle session must not wait for work on the cores of another. */
const QUIET = { logSeverityLevel: 3, extra: { session: { force_spinning_stop: '1' } } } as const;
/** As the head's, where one run follows the other at once. */
const WAITING = { session: { intra_op: { spin_duration_us: '100' } } } as const;
const CALLS = 20;

export async function openTileProducts(task: TileProductsTask): Promise<TileProducts> {
  const { batch, dim, tiles, weights, gradWeights } = task;
  const rows = weights.length / dim;
  const size = Math.ceil(rows / tiles);
  const opener = await sessionOpener(runtime, { intraOpNumThreads: task.threads, ...QUIET });
  const [forward, backward, nothing] = await Promise.all([
    opener.open(forwardGraph()),
    opener.open(backwardGraph(), WAITING),
    opener.open(emptyGraph()),
  ]);
  const tensor = (data: Float32Array, ...dims: readonly number[]): runtime.Tensor =>
    new runtime.Tensor('float32', data, dims);
  const x = tensor(new Float32Array(batch * dim).fill(0.5), batch, dim);
  const sums = tensor(new Float32Array(batch * dim), batch, dim);
  const pairs = new Float32Array(batch * size);
  const run = async (pass: 'forward' | 'backward', start: number): Promise<void> => {
    const count = Math.min(size, rows - start);
    const ofTile = (matrix: Float32Array): runtime.Tensor =>
      tensor(matrix.subarray(start * dim, (start + count) * dim), count, dim);
    const s = tensor(pairs.subarray(0, batch * count), batch, count);
    const w = ofTile(weights);
    if (pass === 'forward') await forward!.run({ x, w }, { s });
    else await backward!.run({ x, w, s }, { sums, grad_w: ofTile(gradWeights) });
  };
  return {
    measure: () =>
      secondsOf(async () => {
        for (let start = 0; start < rows; start += size) await run('forward', start);
        for (let start = (tiles - 1) * size; start >= 0; start -= size)
          if (start < rows) await run('backward', start);
      }),
    async measureCall() {
      const one = tensor(new Float32Array(1), 1);
      const result = tensor(new Float32Array(1), 1);
      const seconds = await secondsOf(async () => {
        for (let i = 0; i < CALLS; i++) await nothing!.run({ one }, { result });
      });
      return seconds / CALLS;
    },
    async close() {
      for (const session of [forward, backward, nothing]) await session!.release();
    },
  };
}

type Graph = ReturnType<GraphBuilder['build']>;

function forwardGraph(): Graph {
  const builder = new GraphBuilder({ name: 'forward products' });
  builder.input('x', 'float32', ['B', 'd']);
  builder.input('w', 'float32', ['n', 'd']);
  builder.op('Gemm', ['x', 'w'], { transB: { int: 1 } }, { outputs: ['s'] });
  builder.output('s', 'float32', ['B', 'n']);
  return builder.build();
}

function backwardGraph(): Graph {
  const builder = new GraphBuilder({ name: 'backward products' });
  builder.input('x', 'float32', ['B', 'd']);
  builder.input('w', 'float32', ['n', 'd']);
  builder.input('s', 'float32', ['B', 'n']);
  builder.op('Gemm', ['s', 'w'], {}, { outputs: ['sums'] });
  builder.op('Gemm', ['s', 'x'], { transA: { int: 1 } }, { outputs: ['grad_w'] });
  builder.output('sums', 'float32', ['B', 'd']);
  builder.output('grad_w', 'float32', ['n', 'd']);
  return builder.build();
}

function emptyGraph(): Graph {
  const builder = new GraphBuilder({ name: 'nothing' });
  builder.input('one', 'float32', [1]);
  builder.output(builder.op('Neg', ['one'], {}, { outputs: ['result'] }), 'float32', [1]);
  return builder.build();
}
