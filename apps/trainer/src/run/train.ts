import { identityFingerprints } from '../dataset/identity-fingerprints.ts';
import { loadDataset } from '../dataset/load-dataset.ts';
import { ProblemList } from '../dataset/problem-list.ts';
import { openBackend } from '../engines/open-backend.ts';
import { checkLoss } from '../settings/loss-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { type KeptTraining, readCheckpoint, requireSamePictures } from './checkpoint.ts';
import { withEmbedding } from './embedding-subject.ts';
import { environmentOf, recordEnvironment } from './environment.ts';
import type { RunPlace, TrainOutcome } from './job.ts';
import { withNetwork } from './network-subject.ts';
import type { RunFolder } from './run-folder.ts';
import type { Subject } from './subject.ts';
import { trainSubject } from './train-subject.ts';

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
  // Made first: a wrong loss, option or backend is told before any work.
  checkLoss(config);
  const backend = await openBackend(config.head, config.train === 'all' ? config.threads : undefined);
  try {
    const problems = new ProblemList();
    const policy = { onProblem: problems.add, strict: config.strict };
    const dataset = await loadDataset(config.data, config.evaluation, config.seed, policy);
    const images = dataset.labels.filter((label) => label >= 0).length;
    const pairs = dataset.verification.pairs.length;
    say(
      `${dataset.names.length} identities, ${images} images to train on; ${pairs} pairs from ${dataset.pairsFrom}`,
    );
    const pictures = await identityFingerprints(dataset);
    const kept = await keptTraining(place);
    if (kept !== undefined) requireSamePictures(kept, dataset.names, pictures);
    const environment = await environmentOf(config, backend);
    const open = async (): Promise<RunFolder> => {
      const run = await place.open();
      await recordEnvironment(run, environment, say);
      return run;
    };
    const shared = { backend, dataset, problems, policy, pictures, kept, signal, say };
    const job = { config, place: { ...place, open }, ...shared };
    const work = (subject: Subject): Promise<TrainOutcome> => trainSubject(job, subject);
    return config.train === 'all'
      ? await withNetwork({ ...job, config }, work)
      : await withEmbedding({ ...job, config }, work);
  } finally {
    await backend.dispose();
  }
}

/** The checkpoint of a run that is resumed, where it has one. */
async function keptTraining(place: RunPlace): Promise<KeptTraining | undefined> {
  if (!place.resume) return undefined;
  const run = await place.open();
  return (await run.has('checkpoint')) ? readCheckpoint(run.file('checkpoint')) : undefined;
}
