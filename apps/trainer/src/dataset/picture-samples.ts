import { type AugmentOptions, augmentBatch, type ImageStore } from '@cf/data';
import type { TrainingSamples } from '@cf/training';
import type { Dataset } from './dataset.ts';

/** Samples whose classes have names. */
export type NamedSamples = TrainingSamples & { readonly classes: readonly string[] };

/** The pictures of a store that are trained on; what is done to one depends on seed, epoch and picture alone. */
export function pictureSamples(
  store: ImageStore,
  { labels, names }: Pick<Dataset, 'labels' | 'names'>,
  augmentation: AugmentOptions,
): NamedSamples {
  const rows = Int32Array.from(store.indices.keys()).filter((row) => labels[store.indices[row]!]! >= 0);
  return {
    count: rows.length,
    labels: rows.map((row) => labels[store.indices[row]!]!),
    classes: names,
    batch(samples, key) {
      const pictures = Int32Array.from(samples, (sample) => rows[sample]!);
      const shape = [samples.length, store.channels, store.height, store.width];
      return { values: augmentBatch(store, pictures, augmentation, key), shape };
    },
  };
}
