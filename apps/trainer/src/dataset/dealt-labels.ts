import { createRandom } from '@cf/core';
import type { TrainingSamples } from '@cf/training';
import { UsageError } from '../errors.ts';
import type { DataConfig } from '../settings/train-config.ts';
import type { Dataset } from './dataset.ts';

/** The same samples with their labels dealt anew: nothing can be learned from them. */
export function withShuffledLabels<Samples extends TrainingSamples>(samples: Samples, seed: number): Samples {
  const random = createRandom(seed).fork('shuffled labels');
  return { ...samples, labels: random.shuffle(Int32Array.from(samples.labels)) };
}

/**
 * The same pictures with a share of their labels exchanged among each other, where the configuration says so: every one of
 * them then has the label of another identity, and each identity as many pictures as before.
 *
 * @throws UsageError where one identity has too many of the pictures for that
 */
export function withLabelNoise(dataset: Dataset, { labelNoise, labelNoiseSeed = 0 }: DataConfig): Dataset {
  if (labelNoise === undefined) return dataset;
  const labels = exchangedLabels(dataset.labels, labelNoise, labelNoiseSeed);
  const exchanged = [...labels.keys()].filter((index) => labels[index] !== dataset.labels[index]);
  const trueIdentities = exchanged.map((index) => [index, dataset.names[dataset.labels[index]!]!] as const);
  return { ...dataset, labels, trueIdentities: new Map(trueIdentities) };
}

function exchangedLabels(labels: Int32Array, share: number, seed: number): Int32Array {
  const random = createRandom(seed).fork('label noise');
  const trained = [...labels.keys()].filter((index) => labels[index]! >= 0);
  const chosen = random.shuffle(trained).slice(0, Math.round(share * trained.length));
  const own = chosen.map((index) => labels[index]!);
  const dealt = random.shuffle(Int32Array.from(own));
  for (const [at, label] of own.entries()) {
    if (dealt[at] !== label) continue;
    // Exchanged with one for whom that is no more its own than it is now.
    const from = random.integer(0, own.length);
    const others = own.map((_, step) => (from + step) % own.length);
    const other = others.find((each) => own[each] !== label && dealt[each] !== label);
    if (other === undefined) {
      throw new UsageError(
        `--label-noise ${share}, of which one identity has too many pictures`,
        'labels that can be exchanged for those of other identities',
        'choose another share or another --label-noise-seed.',
      );
    }
    [dealt[at], dealt[other]] = [dealt[other]!, label];
  }
  const out = Int32Array.from(labels);
  for (const [at, index] of chosen.entries()) out[index] = dealt[at]!;
  return out;
}
