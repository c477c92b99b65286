import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { placeOnRanks } from '../distributed/rank-place.ts';
import { requireShared } from '../distributed/require-shared.ts';
import type { TrainingRanks } from '../distributed/training-ranks.ts';
import type { RunPlace } from '../run/job.ts';
import {
  createHeldRun,
  dropUntrained,
  holdRun,
  openRunFolder,
  type RunFolder,
  requireNewFolder,
} from '../run/run-folder.ts';
import { checkConfig, readConfig } from '../settings/check-config.ts';
import { readConfigFile } from '../settings/config-file.ts';
import { onnxInput, type TrainFlags } from '../settings/fields.ts';
import { withFlagsOver } from '../settings/flags-over.ts';
import { withLossFiles } from '../settings/loss-files.ts';
import { resolveConfig } from '../settings/resolve-config.ts';
import type { FeatureConfig, NetworkConfig, TrainConfig } from '../settings/train-config.ts';

/** A run may go on on another device, in other memory, for longer, and keep other checkpoints. */
const KEEPING = ['epochs', 'checkpointEvery', 'keepCheckpoints', 'validateEvery', 'earlyStopping'] as const;
const PLACED = ['device', 'kernels', 'dataMemory', 'dataDisk', 'dataWorkers'] as const;
const CALLED = ['featuresFrom', 'json', 'distributed', 'distributedTimeout'] as const;
/** Flags that a resumed run takes. */
export const BESIDE_RESUME: ReadonlySet<string> = new Set<string>([...CALLED, ...PLACED, ...KEEPING]);

/**
 * What a call asks for: the configuration, and where it is trained. Nothing is made yet.
 *
 * @param say prints one line to the user
 * @param ranks that share it
 */
export async function openTraining(
  given: TrainFlags,
  say: (line: string) => void,
  ranks?: TrainingRanks,
): Promise<{ config: TrainConfig; place: RunPlace }> {
  const flags = await withLossFiles(given);
  const opened = async (path: string | undefined): Promise<RunFolder | undefined> =>
    path === undefined ? undefined : await openRunFolder(path);
  if (flags.resume !== undefined) {
    const found = await openRunFolder(flags.resume);
    const before = await readConfig(found.file('config'));
    const config = resumedWith(before, flags);
    // Where the first checkpoint was never written, the run begins as it would have.
    const initFrom = (await found.has('checkpoint')) ? undefined : await opened(config.initFrom);
    const featuresFrom = await opened(flags.featuresFrom);
    const run = ranks?.isFirst === false ? found : await holdRun(found, say);
    const keepChanges = async (): Promise<void> => {
      if (!isDeepStrictEqual(config, before)) await writeConfig(run, config);
    };
    const place = { resume: true, found: run, featuresFrom, initFrom, open: async () => run, keepChanges };
    return { config, place: await placed(config, place, ranks) };
  }
  const asked =
    flags.config === undefined
      ? resolveConfig(flags)
      : withFlagsOver(await readConfigFile(flags.config), flags);
  const featuresFrom = await opened(flags.featuresFrom);
  const initFrom = await opened(flags.initFrom ?? asked.initFrom);
  const own = initFrom === undefined ? asked : withInputOf(await readConfig(initFrom.file('config')), asked);
  const config =
    initFrom === undefined ? own : checkConfig({ ...own, initFrom: resolve(initFrom.path) }, 'flags');
  const path = flags.out ?? folderOf(new Date());
  // Told now, not after all pictures were read.
  if (!flags.dryRun) await requireNewFolder(path);
  const open = async (): Promise<RunFolder> => {
    const run = await createHeldRun(path, say);
    try {
      await writeConfig(run, config);
      return run;
    } catch (error) {
      await dropUntrained(run);
      throw error;
    }
  };
  const place = { resume: false, featuresFrom, initFrom, open };
  return { config, place: await placed(config, place, ranks) };
}

/** The folder of a run that nobody named: two that begin within a second of each other have one each. */
function folderOf(begun: Date): string {
  return `runs/${begun.toISOString().slice(0, -1).replaceAll(/[:.]/g, '-')}`;
}

async function placed(
  config: TrainConfig,
  place: RunPlace,
  ranks: TrainingRanks | undefined,
): Promise<RunPlace> {
  if (ranks === undefined) return place;
  requireShared(config, ranks.communicator);
  return placeOnRanks(config, place, ranks);
}

function writeConfig(run: RunFolder, config: TrainConfig): Promise<void> {
  return run.writeText('config', `${JSON.stringify(config, undefined, 2)}\n`);
}

/** A training that says nothing of its pixels, inputs and outputs takes them as the run has them that it starts from. */
function withInputOf(from: TrainConfig, config: TrainConfig): TrainConfig {
  const [own, other] = [sourceOf(config), sourceOf(from)];
  if (own.kind !== 'onnx' || other.kind !== 'onnx') return config;
  const names = Object.keys(onnxInput) as (keyof typeof onnxInput)[];
  if (names.some((name) => own[name] !== undefined)) return config;
  const taken = Object.fromEntries(names.map((name) => [name, other[name]]));
  return config.train === 'all'
    ? { ...config, network: { ...config.network, ...taken } }
    : { ...config, features: { ...config.features, ...taken } };
}

function sourceOf(config: TrainConfig): NetworkConfig | FeatureConfig {
  return config.train === 'all' ? config.network : config.features;
}

/** The same training on another device, for longer, or with other checkpoints kept. */
function resumedWith(config: TrainConfig, flags: TrainFlags): TrainConfig {
  const given = [...PLACED, ...KEEPING].flatMap((name) =>
    flags[name] === undefined ? [] : [[name, flags[name]]],
  );
  return checkConfig({ ...config, ...Object.fromEntries(given) }, 'flags');
}
