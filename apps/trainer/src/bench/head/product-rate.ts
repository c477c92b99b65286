import { GraphBuilder, sessionOpener } from '@cf/onnx';
import * as runtime from 'onnxruntime-node';

/** Measures the machine's float32 matrix products again and again, and keeps the best. */
export interface ProductRate {
  measure(): Promise<void>;
  /** The best rate seen, in operations a second (a multiplication and an addition are two). */
  close(): Promise<number>;
}

const [ROWS, INNER, COLUMNS] = [1024, 512, 1024];
const RUNS = 8;
/** Threads of an idle session must not wait for work on the cores of another. */
const QUIET = { logSeverityLevel: 3, extra: { session: { force_spinning_stop: '1' } } } as const;

/** A product in the form that a head's are of, in onnxruntime. */
export async function openProductRate(threads: number): Promise<ProductRate> {
  const builder = new GraphBuilder({ name: 'product' });
  builder.input('a', 'float32', [ROWS, INNER]);
  builder.input('b', 'float32', [INNER, COLUMNS]);
  builder.output(builder.op('MatMul', ['a', 'b'], {}, { outputs: ['y'] }), 'float32', [ROWS, COLUMNS]);
  const opener = await sessionOpener(runtime, { intraOpNumThreads: threads, ...QUIET });
  const session = await opener.open(builder.build());
  const tensor = (rows: number, columns: number): runtime.Tensor =>
    new runtime.Tensor('float32', new Float32Array(rows * columns).fill(0.5), [rows, columns]);
  const feeds = { a: tensor(ROWS, INNER), b: tensor(INNER, COLUMNS) };
  const outputs = { y: tensor(ROWS, COLUMNS) };
  let best = Number.POSITIVE_INFINITY;
  return {
    async measure() {
      for (let i = 0; i < RUNS; i++) {
        const start = performance.now();
        await session.run(feeds, outputs);
        best = Math.min(best, (performance.now() - start) / 1000);
      }
    },
    async close() {
      await session.release();
      return (2 * ROWS * INNER * COLUMNS) / best;
    },
  };
}
