import { GraphBuilder } from '@cf/onnx';
import { dispose, open, randomFloats } from './session.ts';
import { secondsOf } from './timing.ts';

const SIZES: readonly number[] = [512, 1024, 2048];

/** Best rate of float32 matrix products, in GFLOP/s: what convolutions are measured against. */
export async function matrixLimit(threads: number): Promise<number> {
  let best = 0;
  for (const size of SIZES) {
    const builder = new GraphBuilder();
    for (const name of ['a', 'b']) builder.input(name, 'float32', [size, size]);
    builder.op('MatMul', ['a', 'b'], {}, { outputs: ['y'] });
    builder.output('y', 'float32', [size, size]);
    const session = await open(builder.build(), threads);
    const feeds = { a: randomFloats([size, size], 1), b: randomFloats([size, size], 2) };
    const seconds = await secondsOf(async () => dispose(await session.run(feeds)), 7);
    await session.release();
    best = Math.max(best, (2 * size ** 3) / Math.min(...seconds) / 1e9);
  }
  return best;
}
