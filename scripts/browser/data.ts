import { augmentBatch, balancedSampler, parseManifest } from '@cf/data';
import type { Outcome } from './compare.ts';

export const outcome: Promise<Outcome> = tried();

/** Rows of a list, and a batch of two pictures, mirrored or not: how far they are from what they should be. */
async function tried(): Promise<Outcome> {
  const rows = parseManifest('path,identity\na.jpg,Ada\n', 'list.csv');
  const sampler = balancedSampler({ labels: [0, 0, 1, 1], size: 2, seed: 1 });
  const store = {
    count: 2,
    channels: 1,
    height: 1,
    width: 2,
    indices: Int32Array.of(0, 1),
    pixels: Uint8Array.of(1, 3, 3, 1),
  } as const;
  const batch = await augmentBatch(store, [0, 1], { flip: true, shift: 0 }, { seed: 1, epoch: 0 });
  const sum = batch.reduce((all, value) => all + value, 0);
  const isWhole = rows[0]?.fields.identity === 'Ada' && sampler.batches(0).length === 2;
  return { lists: isWhole ? 0 : 1, batches: Math.abs(sum - 8) };
}
