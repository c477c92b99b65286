import { createHash } from 'node:crypto';
import type { Dataset } from './dataset.ts';

/** A text for each identity, in the order of the labels, that changes with the names, sizes and count of its pictures. */
export async function identityFingerprints({
  images,
  labels,
  names,
}: Pick<Dataset, 'images' | 'labels' | 'names'>): Promise<readonly string[]> {
  const hashes = names.map(() => createHash('sha256'));
  const keys = await images.keys();
  for (const [at, label] of labels.entries()) hashes[label]?.update(`${keys[at]}\n`);
  return hashes.map((hash) => hash.digest('hex').slice(0, 16));
}
