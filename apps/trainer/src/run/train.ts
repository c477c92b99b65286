import type { Dataset } from '../dataset/dataset.ts';
import { type AlikePictures, alikePictures, scoredAndTrained } from '../dataset/scored-and-trained.ts';
import { requireEnoughClasses } from '../distributed/require-shared.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { environmentOf, recordEnvironment } from './environment.ts';
import type { RunPlace, TrainOutcome } from './job.ts';
import { readKept } from './json-file.ts';
import type { RunFolder } from './run-folder.ts';
import { trainSubject } from './train-subject.ts';
import { withJob, withSubject } from './with-job.ts';

/**
 * The whole job: pictures to a trained network, or to features and an embedding on them; pairs to scores; everything
 * into a run folder. A folder with a checkpoint is continued.
 *
 * @param signal stops after the current step; while pictures are read its reason is thrown.
 * @param say prints one line to the user.
 * @throws UsageError, OptionOutOfRangeError, UnknownNameError for a configuration that does not fit
 * @throws BackendError where the head can't run; BatchMemoryError if a batch would not fit in memory
 * @throws BackboneError, OnnxOpsetError, OnnxGraphError, UnsupportedOperatorError for a network that can't be trained
 * @throws DataFolderError, ProtocolFormatError, PairsError for pictures or pairs that can't be used; UnreadableImageError,
 * PairImageError where the configuration is strict; ImageStoreSizeError if the pictures are too many to keep
 * @throws RunFolderError for a run that can't be gone on with; OutputError for a file that can't be written
 * @throws DivergedError; the last checkpoint is kept
 */
export async function train(
  config: TrainConfig,
  place: RunPlace,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<TrainOutcome> {
  return withJob(config, { place, signal, say }, async (job) => {
    const { dataset, backend, device, kept } = job;
    const images = dataset.labels.filter((label) => label >= 0).length;
    const pairs = dataset.verification.pairs.length;
    place.onEvent?.({
      event: 'start',
      identities: dataset.names.length,
      images,
      pairs,
      pairsFrom: dataset.pairsFrom,
    });
    say(
      `${dataset.names.length} identities, ${images} images to train on; ${pairs} pairs from ${dataset.pairsFrom}`,
    );
    const environment = await environmentOf(config, backend, device);
    const before = await searchedBefore(place);
    const { warnings, found } = await scoredAndTrained(dataset, signal, before);
    const open: RunPlace['open'] = async (on) => {
      if (place.ranks !== undefined) requireEnoughClasses(dataset.names.length, place.ranks.communicator);
      const run = await place.open();
      await recordEnvironment(run, { ...environment, ...on }, { afterStep: kept?.state.step ?? 0, say });
      if (config.data.labelNoise !== undefined) await writeExchanged(run, dataset);
      if (found !== undefined && found !== before) await run.writeText('alike', `${JSON.stringify(found)}\n`);
      return run;
    };
    const opened = { ...job, place: { ...place, open } };
    const known = [...knownPairs(dataset), ...warnings];
    return withSubject(opened, (subject) =>
      trainSubject(opened, { ...subject, notes: [...subject.notes, ...known] }),
    );
  });
}

/** What a run that is resumed has found of its pictures; undefined where that can't be read: then they are searched again. */
async function searchedBefore({ found }: RunPlace): Promise<AlikePictures | undefined> {
  if (found === undefined || !(await found.has('alike'))) return undefined;
  const form = { schema: alikePictures, expected: 'what a search found', fix: 'remove it.' };
  return readKept(found.file('alike'), form).catch(() => undefined);
}

/** A sentence where scores are of people who are trained on. */
function knownPairs({ labels, verification: { pairs, folds, scored } }: Dataset): readonly string[] {
  const ofScored = pairs.filter((_, i) => scored.includes(folds[i]!));
  const known = ofScored.filter((pair) => pair.some((index) => labels[index]! >= 0)).length;
  if (known === 0) return [];
  return [
    `${known} of ${ofScored.length} scored pairs are of people who are trained on: what they score says nothing of strangers`,
  ];
}

/** Which pictures have the label of another identity, and whose they are: one line each. */
async function writeExchanged(
  run: RunFolder,
  { images, labels, names, trueIdentities }: Dataset,
): Promise<void> {
  const lines = [...trueIdentities].map(([index, trueIdentity]) => {
    // A picture that is left out has no label.
    const identity = names[labels[index]!] ?? null;
    return JSON.stringify({ picture: images.name(index), identity, trueIdentity });
  });
  await run.writeText('exchanged', lines.map((line) => `${line}\n`).join(''));
}
