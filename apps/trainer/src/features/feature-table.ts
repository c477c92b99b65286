import { flipHorizontally, type ImageProblem, type RawImage } from '@cf/data';
import { sumWithMirror } from '@cf/eval';
import type { ImageSource } from '../dataset/image-source.ts';
import { startProgress } from '../ui/progress.ts';
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
  const { dim, batch, shape } = extractor;
  const progress = startProgress(label, source.count, 'images');
  const indices: number[] = [];
  const rows = new Float32Array(source.count * dim);
  const mirrored = new Float32Array(source.count * dim);
  const direct = new ExtractionQueue(extractor, rows);
  const flipped = new ExtractionQueue(extractor, mirrored);
  try {
    for await (const { index, image } of source.load(shape, options)) {
      const row = indices.push(index) - 1;
      direct.add(row, image);
      if (options.mirror(index)) flipped.add(row, flipHorizontally(image));
      if (direct.length === batch) await direct.flush();
      if (flipped.length === batch) await flipped.flush();
      progress.update(index + 1);
    }
    await direct.flush();
    await flipped.flush();
  } catch (error) {
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

/** Pictures waiting to be extracted together. */
class ExtractionQueue {
  readonly #extractor: FeatureExtractor;
  readonly #out: Float32Array;
  #rows: number[] = [];
  #images: RawImage[] = [];
  total = 0;

  constructor(extractor: FeatureExtractor, out: Float32Array) {
    this.#extractor = extractor;
    this.#out = out;
  }

  get length(): number {
    return this.#images.length;
  }

  add(row: number, image: RawImage): void {
    this.#rows.push(row);
    this.#images.push(image);
    this.total++;
  }

  async flush(): Promise<void> {
    if (this.#images.length === 0) return;
    const [rows, images] = [this.#rows, this.#images];
    this.#rows = [];
    this.#images = [];
    const features = await this.#extractor.extract(images);
    const { dim } = this.#extractor;
    for (const [i, row] of rows.entries())
      this.#out.set(features.subarray(i * dim, (i + 1) * dim), row * dim);
  }
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

/** The table whose rows are the features of picture and mirror image summed. */
export function summedWithMirror(table: FeatureTable): FeatureTable {
  if (table.mirrored === undefined) return table;
  return { ...table, rows: sumWithMirror(table.rows, table.mirrored), mirrored: undefined };
}
