import { availableParallelism } from 'node:os';
import { type ImageStore, pixelBatch } from '@cf/data';
import type { Embedder } from '../engines/onnx-network.ts';
import type { FeatureTable } from '../features/feature-table.ts';
import { withProgress } from '../report/progress.ts';

/** Small batches stay in the cache; several of them run at a time, each on one thread. */
const BATCH = 8;

export interface StoreEmbeddingOptions {
  /** Pictures that are wanted, by position in the list that the store was made of. */
  readonly wanted: (index: number) => boolean;
  /** Also of the mirror images. */
  readonly mirror: boolean;
  readonly signal: AbortSignal;
}

/** Embeddings of pictures of a store, with progress. @throws the signal's reason */
export async function embedStore(
  label: string,
  store: ImageStore,
  { dim, run }: Pick<Embedder, 'dim' | 'run'>,
  { wanted, mirror, signal }: StoreEmbeddingOptions,
): Promise<FeatureTable> {
  const samples = wantedSamples(store, wanted);
  const rows = new Float32Array(samples.length * dim);
  const mirrored = mirror ? new Float32Array(samples.length * dim) : undefined;
  await withProgress(label, samples.length, 'images', async (update) => {
    let next = 0;
    let done = 0;
    const work = async (): Promise<void> => {
      while (next < samples.length) {
        signal.throwIfAborted();
        const from = next;
        next += BATCH;
        const part = samples.subarray(from, from + BATCH);
        rows.set(await run(pixelBatch(store, part), part.length), from * dim);
        mirrored?.set(await run(pixelBatch(store, part, { mirror: true }), part.length), from * dim);
        done += part.length;
        update(done);
      }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: availableParallelism() }, work));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  });
  return { dim, indices: Int32Array.from(samples, (sample) => store.indices[sample]!), rows, mirrored };
}

/** Positions in the store of the pictures that are wanted. */
export function wantedSamples(store: ImageStore, wanted: (index: number) => boolean): Int32Array {
  return Int32Array.from(store.indices.keys()).filter((sample) => wanted(store.indices[sample]!));
}
