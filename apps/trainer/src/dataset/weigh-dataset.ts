import { UsageError } from '../errors.ts';
import { samplerChoice } from '../settings/sampler-choice.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import type { Dataset } from './dataset.ts';
import { readListedNumbers } from './listed-numbers.ts';

/**
 * The same pictures, with what the configuration says of their classes' weights and of their difficulty.
 *
 * @param say hears of names in its lists that nothing has.
 */
export async function weighDataset(
  dataset: Dataset,
  { classWeights, sampler, difficulties }: Pick<TrainConfig, 'classWeights' | 'sampler' | 'difficulties'>,
  say: (line: string) => void,
): Promise<Dataset> {
  return {
    ...dataset,
    ...(classWeights !== undefined && { classWeights: await weightsOf(dataset, classWeights, say) }),
    ...(samplerChoice(sampler).kind === 'curriculum' && {
      difficulties: await difficultiesOf(dataset, difficulties, say),
    }),
  };
}

async function weightsOf(
  dataset: Dataset,
  which: string,
  say: (line: string) => void,
): Promise<Float64Array> {
  if (which === 'balanced') return balancedWeights(dataset);
  const flag = '--class-weights';
  const given = await readListedNumbers({
    flag,
    file: which,
    names: ['identity', 'name'],
    number: 'weight',
    each: 'an identity and its weight',
    least: 0,
  });
  const missing = dataset.names.filter((name) => !given.has(name));
  if (missing.length > 0)
    throw lacking(`${flag} ${which}`, missing, dataset.names.length, 'identities', 'weight');
  tellUnmatched(`${flag} ${which}`, given, dataset.names, { what: 'identities', say });
  return Float64Array.from(dataset.names, (name) => given.get(name)!);
}

/** N / (C·n) of a class of n pictures: every class counts alike, and the mean over the pictures is 1. */
function balancedWeights({ labels, names }: Dataset): Float64Array {
  const counts = new Float64Array(names.length);
  for (const label of labels) if (label >= 0) counts[label]!++;
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => all / (names.length * Math.max(1, count)));
}

/** Of every picture that is trained on; 0 of the others. */
async function difficultiesOf(
  dataset: Dataset,
  file: string | undefined,
  say: (line: string) => void,
): Promise<Float32Array> {
  const { images, labels } = dataset;
  const flag = '--difficulties';
  if (file === undefined) return ownDifficulties(dataset);
  const given = await readListedNumbers({
    flag,
    file,
    names: ['picture', 'path'],
    key: shortName,
    number: 'difficulty',
    each: 'a picture and its difficulty',
    least: Number.NEGATIVE_INFINITY,
  });
  const missing: string[] = [];
  const found = Float32Array.from(labels, (label, index) => {
    if (label < 0) return 0;
    const value = given.get(images.name(index));
    if (value === undefined) missing.push(images.name(index));
    return value ?? 0;
  });
  const trained = labels.filter((label) => label >= 0).length;
  if (missing.length > 0) throw lacking(`${flag} ${file}`, missing, trained, 'pictures', 'difficulty');
  const pictures = Array.from(labels, (_, index) => images.name(index));
  tellUnmatched(`${flag} ${file}`, given, pictures, { what: 'pictures', say });
  return found;
}

/** Those that the list of pictures itself has. */
function ownDifficulties({ images, labels, difficulties }: Dataset): Float32Array {
  if (difficulties === undefined)
    throw new UsageError(
      '--sampler curriculum without --difficulties',
      'how hard each picture is',
      'give a list, such as cf data difficulty writes, or a --data list with a column difficulty.',
    );
  const missing = [...labels.keys()].filter((i) => labels[i]! >= 0 && Number.isNaN(difficulties[i]));
  if (missing.length === 0) return difficulties.map((value) => (Number.isNaN(value) ? 0 : value));
  const trained = labels.filter((label) => label >= 0).length;
  throw lacking(
    '--data',
    missing.map((i) => images.name(i)),
    trained,
    'pictures',
    'difficulty',
  );
}

/** Folder and name of a file: `Ann/Ann_0001.jpg`. */
function shortName(path: string): string {
  return path.split(/[\\/]/).slice(-2).join('/');
}

/** Names in a list that nothing has may be of people who are held out; or slips. */
function tellUnmatched(
  list: string,
  given: ReadonlyMap<string, number>,
  known: readonly string[],
  { what, say }: { readonly what: string; readonly say: (line: string) => void },
): void {
  const names = new Set(known);
  const others = [...given.keys()].filter((name) => !names.has(name));
  if (others.length === 0) return;
  say(
    `${list}: ${others.length} of its ${given.size} ${what} are not in this training, such as '${others[0]}'; they are passed over`,
  );
}

function lacking(
  given: string,
  missing: readonly string[],
  all: number,
  what: string,
  number: string,
): UsageError {
  return new UsageError(
    `${given}, which lacks ${missing.length} of ${all} ${what} to train on, such as '${missing[0]}'`,
    `a ${number} of each`,
    'add a line for each.',
  );
}
