import { availableParallelism } from 'node:os';
import { mirrorRows } from '@cf/data';
import type { PictureStream } from '@cf/data/node';
import type { Embedder } from '../engines/onnx-network.ts';
import type { FeatureTable } from '../features/feature-table.ts';
import { withProgress } from '../report/progress.ts';

/** Small batches stay in the cache; several of them run at a time, each on one thread. */
const BATCH = 8;

export interface StreamEmbeddingOptions {
  /** Pictures that are wanted, by position in the list that the stream was made of. */
  readonly wanted: (index: number) => boolean;
  /** Also of the mirror images. */
  readonly mirror: boolean;
  readonly signal: AbortSignal;
}

/** Embeddings of pictures of a stream, with progress. @throws the signal's reason */
export async function embedStream(
  label: string,
  stream: PictureStream,
  { dim, run }: Pick<Embedder, 'dim' | 'run'>,
  { wanted, mirror, signal }: StreamEmbeddingOptions,
): Promise<FeatureTable> {
  const samples = wantedSamples(stream, wanted);
  const rows = new Float32Array(samples.length * dim);
  const mirrored = mirror ? new Float32Array(samples.length * dim) : undefined;
  await withProgress(label, samples.length, 'images', async (update) => {
    let next = 0;
    let done = 0;
    const batches = stream.batches(parts(samples, BATCH));
    const work = async (): Promise<void> => {
      for (;;) {
        signal.throwIfAborted();
        // Taken at once, so that each has the rows of its batch.
        const from = next;
        next += BATCH;
        const { value: pictures } = await batches.next();
        if (pictures === undefined) return;
        const count = Math.min(BATCH, samples.length - from);
        rows.set(await run(pictures, count), from * dim);
        mirrored?.set(await run(mirrorRows(pictures, stream.width), count), from * dim);
        done += count;
        update(done);
      }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: availableParallelism() }, work));
    await batches.return();
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  });
  return { dim, indices: Int32Array.from(samples, (sample) => stream.indices[sample]!), rows, mirrored };
}

/** Positions in the stream of the pictures that are wanted. */
export function wantedSamples(
  stream: Pick<PictureStream, 'indices'>,
  wanted: (index: number) => boolean,
): Int32Array {
  return Int32Array.from(stream.indices.keys()).filter((sample) => wanted(stream.indices[sample]!));
}

/** Requests for some pictures, a few at a time. */
export function* parts(samples: Int32Array, size: number): Generator<{ readonly samples: Int32Array }> {
  for (let from = 0; from < samples.length; from += size)
    yield { samples: samples.subarray(from, from + size) };
}
