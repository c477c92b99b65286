import { availableParallelism } from 'node:os';
import { flipHorizontally, type RawImage } from '@cf/data';
import type { ImageSource, LoadOptions } from '../dataset/image-source.ts';
import type { Embedder } from '../engines/onnx-network.ts';
import { BackboneError } from '../errors.ts';
import { withProgress } from '../report/progress.ts';
import type { FeatureExtractor } from './feature-extractor.ts';

/** Feature vectors of a list of pictures. */
export interface FeatureTable {
  readonly dim: number;
  /** Which pictures of the list could be read, in order: [N]. */
  readonly indices: Int32Array;
  /** [N, dim]. */
  readonly rows: Float32Array;
  /** Features of the mirror images, zeros where they were not asked for; undefined where none was: [N, dim]. */
  readonly mirrored: Float32Array | undefined;
}

export interface ExtractOptions extends LoadOptions {
  /** Pictures whose mirror image is wanted as well, by position in the list. */
  readonly mirror: (index: number) => boolean;
}

/** Runs a feature extractor over a list of pictures, with progress. */
export function extractFeatures(
  label: string,
  source: ImageSource,
  extractor: FeatureExtractor,
  options: ExtractOptions,
): Promise<FeatureTable> {
  const { dim, shape } = extractor;
  const indices: number[] = [];
  const rows = new Float32Array(source.count * dim);
  const mirrored = new Float32Array(source.count * dim);
  let mirrors = 0;
  const queue = new ExtractionQueue(extractor);
  return withProgress(label, source.count, 'images', async (update) => {
    try {
      for await (const { index, image } of source.load(shape, options)) {
        const from = dim * (indices.push(index) - 1);
        await queue.add(image, rows.subarray(from, from + dim));
        if (options.mirror(index)) {
          await queue.add(flipHorizontally(image), mirrored.subarray(from, from + dim));
          mirrors++;
        }
        update(index + 1);
      }
      await queue.finish();
    } finally {
      // The extractor must not be disposed of under batches that still run.
      await queue.settle();
    }
    const length = indices.length * dim;
    return {
      dim,
      indices: Int32Array.from(indices),
      rows: rows.subarray(0, length),
      mirrored: mirrors === 0 ? undefined : mirrored.subarray(0, length),
    };
  });
}

const BATCHES_UNDER_WAY = Math.min(8, availableParallelism());

/** A picture, and where its features go. */
interface Waiting {
  readonly image: RawImage;
  readonly to: Float32Array;
}

/** Gathers pictures into batches and keeps a few batches under way. */
class ExtractionQueue {
  readonly #extractor: FeatureExtractor;
  /** Those that failed stay here, and fail what comes next. */
  readonly #underWay = new Set<Promise<void>>();
  #waiting: Waiting[] = [];

  constructor(extractor: FeatureExtractor) {
    this.#extractor = extractor;
  }

  async add(image: RawImage, to: Float32Array): Promise<void> {
    if (this.#waiting.push({ image, to }) === this.#extractor.batch) await this.#begin();
  }

  /** Waits for everything added so far. */
  async finish(): Promise<void> {
    if (this.#waiting.length > 0) await this.#begin();
    await Promise.all(this.#underWay);
  }

  /** Waits for the batches under way, whether they succeed or not. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #begin(): Promise<void> {
    while (this.#underWay.size >= BATCHES_UNDER_WAY) await Promise.race(this.#underWay);
    const work = this.#extract(this.#waiting);
    this.#waiting = [];
    this.#underWay.add(work);
    work.then(
      () => this.#underWay.delete(work),
      () => {},
    );
  }

  async #extract(batch: readonly Waiting[]): Promise<void> {
    const { dim, name } = this.#extractor;
    const features = await this.#extractor.extract(batch.map(({ image }) => image));
    if (!features.every(Number.isFinite)) {
      throw new BackboneError(
        `'${name}', which gave a feature that is not finite`,
        'finite numbers for every picture',
        'check the export of the backbone, and that it takes RGB from 0 to 255.',
      );
    }
    for (const [i, { to }] of batch.entries()) to.set(features.subarray(i * dim, (i + 1) * dim));
  }
}

/** The table of what a network makes of its features. */
export async function embedTable(table: FeatureTable, { dim, run }: Embedder): Promise<FeatureTable> {
  const count = table.indices.length;
  const rows = await run(table.rows, count);
  return { ...table, dim, rows, mirrored: table.mirrored && (await run(table.mirrored, count)) };
}

/** Some rows of a table, by position in its list of pictures; those that could not be read are left out. */
export function pickImages(table: FeatureTable, wanted: (index: number) => boolean): FeatureTable {
  const { dim } = table;
  const kept = Array.from(table.indices, (index, row) => ({ index, row })).filter(({ index }) =>
    wanted(index),
  );
  const places = kept.map(({ row }) => row);
  return {
    dim,
    indices: Int32Array.from(kept, ({ index }) => index),
    rows: gatherRows(table.rows, dim, places),
    mirrored: table.mirrored && gatherRows(table.mirrored, dim, places),
  };
}

/** Two tables of other pictures of one list, as one, in the order of the list. */
export function mergeTables(a: FeatureTable, b: FeatureTable): FeatureTable {
  const all = [a, b].flatMap((table) => Array.from(table.indices, (index, row) => ({ index, table, row })));
  all.sort((one, other) => one.index - other.index);
  const { dim } = a;
  const gather = (rowsOf: (table: FeatureTable) => Float32Array | undefined): Float32Array => {
    const gathered = new Float32Array(all.length * dim);
    for (const [at, { table, row }] of all.entries()) {
      const rows = rowsOf(table);
      if (rows !== undefined) gathered.set(rows.subarray(row * dim, (row + 1) * dim), at * dim);
    }
    return gathered;
  };
  const anyMirrored = a.mirrored !== undefined || b.mirrored !== undefined;
  return {
    dim,
    indices: Int32Array.from(all, ({ index }) => index),
    rows: gather(({ rows }) => rows),
    mirrored: anyMirrored ? gather(({ mirrored }) => mirrored) : undefined,
  };
}

/** Some rows of [N, dim], by their places. */
export function gatherRows(rows: Float32Array, dim: number, places: readonly number[]): Float32Array {
  const gathered = new Float32Array(places.length * dim);
  for (const [at, place] of places.entries())
    gathered.set(rows.subarray(place * dim, (place + 1) * dim), at * dim);
  return gathered;
}
