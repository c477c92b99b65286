import { type Labelled, labelsOf, type NamedSamples } from '../dataset/picture-samples.ts';
import type { FeatureTable } from './feature-table.ts';

/** The rows of a table, all of them to be trained on. */
export function featureSamples({ dim, indices, rows }: FeatureTable, dataset: Labelled): NamedSamples {
  return {
    ...labelsOf(dataset, indices),
    batch(samples) {
      const values = new Float32Array(samples.length * dim);
      for (const [i, sample] of samples.entries())
        values.set(rows.subarray(sample * dim, (sample + 1) * dim), i * dim);
      return { values, shape: [samples.length, dim] };
    },
  };
}
