import type { Backend } from '@cf/core';
import { alignedData, unalignedData, warnOfUnaligned } from '../dataset/aligned-data.ts';
import { identityFingerprints } from '../dataset/identity-fingerprints.ts';
import { loadDataset } from '../dataset/load-dataset.ts';
import { ProblemList } from '../dataset/problem-list.ts';
import { weighDataset } from '../dataset/weigh-dataset.ts';
import { chooseDevice, type DeviceWork, PROVEN_CLASSES } from '../engines/choose-device.ts';
import { openBackend } from '../engines/open-backend.ts';
import { checkLoss, lossOf } from '../settings/loss-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { optimiserOf } from '../settings/training-options.ts';
import { type KeptTraining, requireSamePictures } from './checkpoint.ts';
import { configDifferences } from './config-differences.ts';
import { withEmbedding } from './embedding-subject.ts';
import type { Job, RunPlace } from './job.ts';
import { readNewest } from './kept-checkpoints.ts';
import { withNetwork } from './network-subject.ts';
import type { Subject } from './subject.ts';

/** What a job is made of. */
export interface JobOptions {
  readonly place: RunPlace;
  /** Of pictures that are read its reason is thrown. */
  readonly signal: AbortSignal;
  /** Prints one line to the user. */
  readonly say: (line: string) => void;
  /** Write nothing: photographs are not aligned. */
  readonly dry?: boolean;
}

/** Finds backend, pictures and checkpoint of a training, for some work on them. */
export async function withJob<T>(
  config: TrainConfig,
  { place, signal, say, dry = false }: JobOptions,
  work: (job: Job<TrainConfig>) => Promise<T>,
): Promise<T> {
  // Looked at first: a wrong loss, option or backend is told before any work.
  checkLoss(config);
  const threads = config.train === 'all' ? config.threads : undefined;
  const kernels = config.train === 'all' ? config.kernels : 'auto';
  const device = await chooseDevice(config.device, workOf(config), say);
  let headTold: string | undefined;
  const tell = (line: string): void => {
    headTold = line;
  };
  const backend: Backend = await openBackend(config.head, { threads, device, kernels, say: tell });
  try {
    const problems = new ProblemList();
    const policy = { onProblem: problems.add, strict: config.strict };
    const surroundings = { ...policy, signal, say };
    const data = await (dry ? unalignedData(config.data, say) : alignedData(config, surroundings));
    const found = await loadDataset(data, config.evaluation, config.seed, policy);
    const dataset = await weighDataset(found, config, say);
    if (!place.resume) await warnOfUnaligned(data, dataset, surroundings);
    const pictures = await identityFingerprints(dataset);
    const kept = await keptTraining(place);
    if (kept !== undefined) {
      // First: where the checkpoint does not fit, this is why.
      tellDifferences(kept, config, say);
      requireSamePictures(kept, dataset.names, pictures);
    }
    const computed = { backend, headTold, device };
    const job = { config, place, ...computed, dataset, problems, policy, pictures, kept, signal, say };
    return await work(job);
  } finally {
    await backend.dispose();
  }
}

function tellDifferences(kept: KeptTraining, config: TrainConfig, say: (line: string) => void): void {
  const differences = kept.config === undefined ? [] : configDifferences(kept.config, config);
  if (differences.length === 0) return;
  say(
    `config.json is not what the checkpoint was trained by, and counts as it is now: ${differences.join(', ')}`,
  );
}

/** What a training runs on a device: a network with its optimiser, and a head that is not somewhere else. */
function workOf(config: TrainConfig): DeviceWork {
  const network = { optimiser: optimiserOf(config) };
  const labels = Int32Array.from({ length: PROVEN_CLASSES }, (_, label) => label);
  const classes = Array.from(labels, String);
  return {
    ...(config.train === 'all' && config.engine === 'onnx' ? { threads: config.threads } : {}),
    network,
    ...(config.head === 'onnx'
      ? {
          head: {
            loss: lossOf(config, { labels, classes }),
            classes: PROVEN_CLASSES,
            subCenters: config.subCenters,
          },
        }
      : {}),
  };
}

/** Opens what a job trains. */
export function withSubject<T>(job: Job<TrainConfig>, work: (subject: Subject) => Promise<T>): Promise<T> {
  const { config } = job;
  return config.train === 'all'
    ? withNetwork({ ...job, config }, work)
    : withEmbedding({ ...job, config }, work);
}

/** The checkpoint of a run that is resumed, where it has one. */
async function keptTraining(place: RunPlace): Promise<KeptTraining | undefined> {
  if (!place.resume) return undefined;
  return readNewest(place.found ?? (await place.open()), place.ranks?.communicator);
}
