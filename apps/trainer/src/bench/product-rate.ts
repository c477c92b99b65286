import { GraphBuilder, sessionOpener } from '@cf/onnx';
import * as runtime from 'onnxruntime-node';
import { secondsOf } from './timing.ts';

/** Measures the machine's float32 matrix products again and again, and keeps the best. */
export interface ProductRate {
  /** @param runs 8 by default */
  measure(runs?: number): Promise<void>;
  /** The best rate seen, in operations a second (a multiplication and an addition are two). */
  close(): Promise<number>;
}

const RUNS = 8;
/** Threads of an idle session must not wait for work on the cores of another. */
const QUIET = { logSeverityLevel: 3, extra: { session: { force_spinning_stop: '1' } } } as const;

/**
 * A product in onnxruntime.
 *
 * @param size rows, length of the sums, columns; by default in the form that a head's products are of
 * @param provider where it runs, which gets and gives back arrays of the processor
 */
export async function openProductRate(
  threads: number,
  [rows, inner, columns]: readonly [number, number, number] = [1024, 512, 1024],
  provider: string = 'cpu',
): Promise<ProductRate> {
  const builder = new GraphBuilder({ name: 'product' });
  builder.input('a', 'float32', [rows, inner]);
  builder.input('b', 'float32', [inner, columns]);
  builder.output(builder.op('MatMul', ['a', 'b'], {}, { outputs: ['y'] }), 'float32', [rows, columns]);
  const opener = await sessionOpener(runtime, {
    intraOpNumThreads: threads,
    executionProviders: [provider],
    ...QUIET,
  });
  const session = await opener.open(builder.build());
  const tensor = (...dims: readonly [number, number]): runtime.Tensor =>
    new runtime.Tensor('float32', new Float32Array(dims[0] * dims[1]).fill(0.5), dims);
  const feeds = { a: tensor(rows, inner), b: tensor(inner, columns) };
  const outputs = { y: tensor(rows, columns) };
  let best = Number.POSITIVE_INFINITY;
  return {
    async measure(runs = RUNS) {
      for (let i = 0; i < runs; i++)
        best = Math.min(best, await secondsOf(() => session.run(feeds, outputs)));
    },
    async close() {
      await session.release();
      return (2 * rows * inner * columns) / best;
    },
  };
}

const SIZES: readonly number[] = [512, 1024, 2048];

/** Best rate of float32 matrix products of several sizes, in operations a second: what convolutions are measured against. */
export async function bestProductRate(threads: number, provider?: string): Promise<number> {
  const rates: number[] = [];
  for (const size of SIZES) {
    const rate = await openProductRate(threads, [size, size, size], provider);
    await rate.measure();
    rates.push(await rate.close());
  }
  return Math.max(...rates);
}
