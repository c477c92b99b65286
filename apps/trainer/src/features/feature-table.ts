import { availableParallelism } from 'node:os';
import { flipHorizontally, type ImageProblem, type RawImage } from '@cf/data';
import type { ImageSource } from '../dataset/image-source.ts';
import type { Embedder } from '../engines/onnx-network.ts';
import { BackboneError } from '../errors.ts';
import { startProgress } from '../report/progress.ts';
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

export interface ExtractOptions {
  /** Pictures whose mirror image is wanted as well, by position in the list. */
  readonly mirror: (index: number) => boolean;
  readonly strict: boolean;
  readonly onProblem: (problem: ImageProblem) => void;
  readonly signal: AbortSignal;
}

/** Runs a feature extractor over a list of pictures, with progress. */
export async function extractFeatures(
  label: string,
  source: ImageSource,
  extractor: FeatureExtractor,
  options: ExtractOptions,
): Promise<FeatureTable> {
  const { dim, shape } = extractor;
  const progress = startProgress(label, source.count, 'images');
  const indices: number[] = [];
  const rows = new Float32Array(source.count * dim);
  const mirrored = new Float32Array(source.count * dim);
  const direct = new ExtractionQueue(extractor, rows);
  const flipped = new ExtractionQueue(extractor, mirrored);
  try {
    for await (const { index, image } of source.load(shape, options)) {
      const row = indices.push(index) - 1;
      await direct.add(row, image);
      if (options.mirror(index)) await flipped.add(row, flipHorizontally(image));
      progress.update(index + 1);
    }
    await direct.finish();
    await flipped.finish();
  } catch (error) {
    // The extractor must not be disposed of under batches that still run.
    await Promise.all([direct.settle(), flipped.settle()]);
    progress.stop(`${label}: stopped after ${indices.length} images`);
    throw error;
  }
  progress.finish();
  return {
    dim,
    indices: Int32Array.from(indices),
    rows: rows.subarray(0, indices.length * dim),
    mirrored: flipped.total === 0 ? undefined : mirrored.subarray(0, indices.length * dim),
  };
}

const BATCHES_UNDER_WAY = Math.min(8, availableParallelism());

/** Gathers pictures into batches and keeps a few batches under way. */
class ExtractionQueue {
  readonly #extractor: FeatureExtractor;
  readonly #out: Float32Array;
  readonly #underWay = new Set<Promise<void>>();
  /** The first failure of a batch. */
  #failure: { readonly error: unknown } | undefined;
  #rows: number[] = [];
  #images: RawImage[] = [];
  total = 0;

  constructor(extractor: FeatureExtractor, out: Float32Array) {
    this.#extractor = extractor;
    this.#out = out;
  }

  async add(row: number, image: RawImage): Promise<void> {
    this.#rows.push(row);
    this.#images.push(image);
    this.total++;
    if (this.#images.length === this.#extractor.batch) await this.#begin();
  }

  /** Waits for everything added so far. */
  async finish(): Promise<void> {
    if (this.#images.length > 0) await this.#begin();
    await this.settle();
    this.#throwFailure();
  }

  /** Waits for the batches under way, whether they succeed or not. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #begin(): Promise<void> {
    while (this.#underWay.size >= BATCHES_UNDER_WAY) await Promise.race(this.#underWay);
    this.#throwFailure();
    const work = this.#extract(this.#rows, this.#images)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#underWay.delete(work));
    this.#rows = [];
    this.#images = [];
    this.#underWay.add(work);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #extract(rows: readonly number[], images: readonly RawImage[]): Promise<void> {
    const features = await this.#extractor.extract(images);
    const { dim, name } = this.#extractor;
    if (!features.every(Number.isFinite)) {
      throw new BackboneError(
        `'${name}', which gave a feature that is not finite`,
        'finite numbers for every picture',
        'check the export of the backbone, and that it takes RGB from 0 to 255.',
      );
    }
    for (const [i, row] of rows.entries())
      this.#out.set(features.subarray(i * dim, (i + 1) * dim), row * dim);
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
  const pick = (values: Float32Array): Float32Array => {
    const out = new Float32Array(kept.length * dim);
    for (const [i, { row }] of kept.entries()) out.set(values.subarray(row * dim, (row + 1) * dim), i * dim);
    return out;
  };
  return {
    dim,
    indices: Int32Array.from(kept, ({ index }) => index),
    rows: pick(table.rows),
    mirrored: table.mirrored === undefined ? undefined : pick(table.mirrored),
  };
}
