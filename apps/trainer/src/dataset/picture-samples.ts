import type { AugmentOptions } from '@cf/data';
import type { PictureRequest, PictureStream } from '@cf/data/node';
import type { BatchKey, SampleData, TrainingSamples } from '@cf/training';
import type { Dataset } from './dataset.ts';

/** Samples whose classes have names. */
export type NamedSamples = TrainingSamples & {
  readonly classes: readonly string[];
  /** How hard each is, larger is harder: [count]. Needed for a curriculum. */
  readonly difficulty?: Float64Array;
};

/** What a data set says of the pictures that are trained on: who they are of, how much they count, how hard they are. */
export type Labelled = Pick<Dataset, 'labels' | 'names' | 'classWeights' | 'weights' | 'difficulties'>;

/** The same of some pictures, as a training wants it. @param indices their places in the list */
export function labelsOf(
  { labels, names, classWeights, weights, difficulties }: Labelled,
  indices: Int32Array,
): Omit<NamedSamples, 'batch' | 'batches'> {
  const ofEach = (values: Float32Array): Float64Array =>
    Float64Array.from(indices, (index) => values[index]!);
  return {
    count: indices.length,
    labels: Int32Array.from(indices, (index) => labels[index]!),
    classes: names,
    ...(classWeights && { classWeights }),
    ...(weights && { weights: ofEach(weights) }),
    ...(difficulties && { difficulty: ofEach(difficulties) }),
  };
}

/** The pictures of a stream that are trained on; what is done to one depends on seed, epoch and picture alone. */
export function pictureSamples(
  stream: PictureStream,
  dataset: Labelled,
  options: AugmentOptions,
): NamedSamples {
  const { channels, height, width, indices } = stream;
  const rows = Int32Array.from(indices.keys()).filter((row) => dataset.labels[indices[row]!]! >= 0);
  const requestOf = (samples: Uint32Array, key: BatchKey): PictureRequest => ({
    samples: Int32Array.from(samples, (sample) => rows[sample]!),
    augmentation: { options, key },
  });
  const dataOf = (values: Float32Array): SampleData => ({
    values,
    shape: [values.length / (channels * height * width), channels, height, width],
  });
  return {
    ...labelsOf(
      dataset,
      rows.map((row) => indices[row]!),
    ),
    async batch(samples, key) {
      const { value } = await stream.batches([requestOf(samples, key)]).next();
      return dataOf(value!);
    },
    async *batches(requests) {
      const wanted = function* (): Generator<PictureRequest> {
        for (const { indices: samples, key } of requests) yield requestOf(samples, key);
      };
      for await (const values of stream.batches(wanted())) yield dataOf(values);
    },
  };
}
