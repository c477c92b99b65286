import { type IdentityIndex, impostorThreshold, pairScores, thresholdAtFar } from '@cf/eval';
import { pairsDataset } from '../dataset/file-pairs.ts';
import type { LoadOptions } from '../dataset/image-source.ts';
import { readablePairs } from '../dataset/verification-pairs.ts';
import { UsageError } from '../errors.ts';
import { readResults } from '../run/kept-results.ts';
import type { RunFolder } from '../run/run-folder.ts';
import { embedImages } from './embed-pictures.ts';
import type { EmbeddingModel } from './open-model.ts';

/** The flags that say from where on two pictures show one person. */
export interface ThresholdFlags {
  readonly threshold?: number;
  readonly far?: number;
  readonly pairs?: string;
  readonly data?: string;
  readonly flip: boolean;
}

/** A threshold, and what it stands for. */
export interface ChosenThreshold {
  /** A pair is accepted when its score ≥ threshold. */
  readonly threshold: number;
  /** The false accept rate that was asked for; undefined where the threshold itself was. */
  readonly far?: number;
  /** Pairs of two people that show it. */
  readonly impostorPairs?: number;
  /** Where it comes from, in words. */
  readonly from: string;
}

/** A known gallery: what is searched, and the pictures that its impostor pairs are of. */
export interface KnownPeople {
  readonly name: string;
  /** Of pictures whose identity is known; undefined where none is. */
  readonly known: IdentityIndex | undefined;
  /** Of those whose identity is known, where templates are searched in place of pictures. */
  readonly templates?: IdentityIndex;
}

/** The rate where no other is asked for. */
export const DEFAULT_FAR = 1e-3;

/**
 * The threshold that flags ask for: a number; or that of a false accept rate, on the impostor pairs of a scored set
 * (`--pairs`), else as the evaluation of the run has it, else of the gallery.
 *
 * @throws UsageError where nothing shows the rate, or flags don't fit; PairsError where too few pairs do
 */
export async function chooseThreshold(
  { threshold, far = DEFAULT_FAR, pairs, data, flip }: ThresholdFlags,
  model: EmbeddingModel,
  people: KnownPeople | undefined,
  options: LoadOptions,
): Promise<ChosenThreshold> {
  if (threshold !== undefined) return { threshold, from: 'as given' };
  if (pairs !== undefined) return ofPairs(pairs, data, far, flip, model, options);
  const stored = model.run === undefined ? undefined : await ofRun(model.run, far, flip);
  // A run's pairs are of single pictures, and templates score otherwise.
  if (stored !== undefined && people?.templates === undefined) return stored;
  if (people?.known !== undefined) {
    const { name, known, templates } = people;
    const found = impostorThreshold(templates ?? known, { far, ...(templates && { probes: known }) });
    const { threshold: from, impostorPairs, isAll } = found;
    return {
      threshold: from,
      far,
      impostorPairs,
      from: `of ${name}${isAll ? ', all that it has' : ', drawn'}`,
    };
  }
  throw new UsageError(
    `nothing that shows a FAR of ${far}`,
    'a threshold, or pairs of two people',
    'say --threshold, --pairs FILE, or --gallery with pictures of several people.',
  );
}

async function ofPairs(
  file: string,
  data: string | undefined,
  far: number,
  flip: boolean,
  model: EmbeddingModel,
  options: LoadOptions,
): Promise<ChosenThreshold> {
  const { images, verification } = await pairsDataset(file, undefined, data, options);
  const { indices, rows } = await embedImages(model, images, { flip, normalise: false }, options);
  const { pairs, same } = readablePairs(verification, indices);
  const impostor = pairs.filter((_, i) => !same[i]);
  const scores = pairScores(rows, model.dim, impostor);
  return {
    threshold: thresholdAtFar(scores, far),
    far,
    impostorPairs: impostor.length,
    from: `of ${file}`,
  };
}

/** As the evaluation of a run has it; undefined where it has no such rate, or its pairs were too few. */
async function ofRun(run: RunFolder, far: number, flip: boolean): Promise<ChosenThreshold | undefined> {
  if (!(await run.has('results'))) return undefined;
  const [first, ...others] = await readResults(run, 'say --threshold or --pairs.');
  const entry = flip ? others.find(({ name }) => name === `${first!.name}, flipped`) : first;
  const { tarAtFar, impostorPairs } = entry?.scoredPairs ?? { tarAtFar: [], impostorPairs: 0 };
  const threshold = tarAtFar.find((rate) => rate.far === far)?.threshold ?? undefined;
  if (threshold === undefined) return undefined;
  return { threshold, far, impostorPairs, from: `of the evaluation in ${run.file('results')}` };
}

/** In a line. */
export function chosenText({ threshold, far, impostorPairs = 0, from }: ChosenThreshold): string {
  const what =
    far === undefined
      ? from
      : `FAR ${far.toExponential()} on ${impostorPairs.toLocaleString('en')} impostor pairs ${from}`;
  return `threshold ${threshold.toFixed(4)}: ${what}`;
}
