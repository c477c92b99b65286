import { createHash } from 'node:crypto';
import type { TrainingState } from '@cf/training';
import type { Job } from '../run/job.ts';
import type { Subject } from '../run/subject.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import type { Facts } from './meet.ts';

/**
 * What of a training is to be the same on all ranks, beside what is configured.
 *
 * @param first what it starts from, where that is not drawn
 */
export async function trainingFacts(
  { kept, pictures }: Pick<Job<TrainConfig>, 'kept' | 'pictures'>,
  { fingerprint, network, samples, pictures: indices }: Subject,
  first: TrainingState | undefined,
): Promise<Facts> {
  const { count, classes, labels } = samples;
  const seen = digestOf(JSON.stringify([classes, pictures, Array.from(indices), Array.from(labels)]));
  return {
    network: fingerprint,
    // What they hand each other is in the order in which the kernels find it.
    kernels: network.kernels ?? 'none',
    'first weights': tensorsDigest(first?.learner ?? (await network.learner.state())),
    'first class centers': first === undefined ? 'drawn' : digestOf(bytesOf(first.centers.values)),
    pictures: `${count} of ${classes.length} identities, ${seen}`,
    'step of the checkpoint': kept === undefined ? 'none' : `${kept.state.step}`,
  };
}

function tensorsDigest(tensors: Iterable<readonly [string, { readonly data: ArrayBufferView }]>): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of tensors) hash.update(name).update(bytesOf(data));
  return hash.digest('hex').slice(0, DIGITS);
}

function digestOf(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex').slice(0, DIGITS);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Enough to tell one from another. */
const DIGITS = 16;
