import { availableParallelism } from 'node:os';
import { type EmbeddedBatch, embed } from '@cf/data/node';
import type { ImageSource, LoadOptions } from '../dataset/image-source.ts';
import type { FeatureTable } from '../features/feature-table.ts';
import { NETWORK_BATCH } from '../features/onnx-backbone.ts';
import { percentText } from '../report/number-text.ts';
import { startProgress } from '../report/progress.ts';
import { tell } from '../report/tell.ts';
import type { FoundPictures } from './find-pictures.ts';
import type { EmbeddingModel } from './open-model.ts';

/** How pictures are embedded. */
export interface EmbeddingSettings {
  readonly flip: boolean;
  readonly normalise: boolean;
  /** Pictures a call of the network. */
  readonly batch?: number | undefined;
  /**
   * That the network runs on, each picture on one; by default as many as there are processors, and one for few pictures. What
   * can not run on as many as were asked for runs on one, which is told.
   */
  readonly threads?: number | undefined;
}

/** How fast it went. */
export interface EmbeddingSpeed {
  readonly seconds: number;
  /** Pictures that have an embedding. */
  readonly count: number;
  /** Share of the network's time in which it had no picture to work on. */
  readonly waited: number;
  /** Threads that the network ran on. */
  readonly threads: number;
}

const ONE_THREAD =
  'runs on one thread: a network on features, one of layers, one whose weights lie beside its file or on a card takes no';

/** Fewer are done before threads have started. */
const WORTH_THREADS = 200;

/**
 * Embeds pictures with progress told: pictures a second, the share of waiting, the time left.
 *
 * @param onBatch takes the embeddings, in the order of the list
 */
export async function embedPictures(
  model: EmbeddingModel,
  { sources }: Pick<FoundPictures, 'sources'>,
  { flip, normalise, batch = NETWORK_BATCH, threads }: EmbeddingSettings,
  { strict, onProblem, signal }: LoadOptions,
  onBatch: (batch: EmbeddedBatch) => Promise<void> | void,
): Promise<EmbeddingSpeed> {
  const isFew = threads === undefined && sources.length < WORTH_THREADS;
  const pool = isFew ? undefined : await model.startThreads(threads ?? availableParallelism());
  if (threads !== undefined && (pool?.count ?? 1) < threads)
    tell(`${model.name} ${ONE_THREAD} ${threads} threads`);
  const progress = startProgress('embedding', sources.length, 'pictures');
  const started = performance.now();
  let [count, reached, waited] = [0, 0, 0];
  try {
    const { network } = pool ?? model;
    const atOnce = pool?.count ?? 1;
    const options = {
      ...model.shape,
      ...{ network, atOnce, batch, flip, normalise, strict, onProblem, signal },
    };
    const batches = embed(sources, {
      ...options,
      onProgress(now) {
        [reached, waited] = [now.done, now.waited];
        progress.update(now.done, `network waiting ${percentText(now.waited)} of the time`);
      },
    });
    for await (const each of batches) {
      count += each.indices.length;
      await onBatch(each);
    }
    progress.finish();
    return { seconds: (performance.now() - started) / 1000, count, waited, threads: atOnce };
  } catch (error) {
    progress.stop(`embedding: stopped after ${reached} pictures`);
    throw error;
  } finally {
    await pool?.close();
  }
}

/** All embeddings of pictures, in memory. */
export async function embedAll(
  model: EmbeddingModel,
  found: Pick<FoundPictures, 'sources'>,
  settings: EmbeddingSettings,
  options: LoadOptions,
): Promise<FeatureTable> {
  const indices: number[] = [];
  const rows = new Float32Array(found.sources.length * model.dim);
  await embedPictures(model, found, settings, options, (batch) => {
    rows.set(batch.rows, indices.length * model.dim);
    indices.push(...batch.indices);
  });
  return {
    dim: model.dim,
    indices: Int32Array.from(indices),
    rows: rows.subarray(0, indices.length * model.dim),
    mirrored: undefined,
  };
}

/** {@link embedAll} of a list of pictures that are files, or lie in them. */
export function embedImages(
  model: EmbeddingModel,
  images: Pick<ImageSource, 'sources'>,
  settings: EmbeddingSettings,
  options: LoadOptions,
): Promise<FeatureTable> {
  const sources = images.sources.filter((source) => source.kind !== 'drawn');
  return embedAll(model, { sources }, settings, options);
}
