import type { Backend } from '@cf/core';
import type { Dataset } from '../dataset/dataset.ts';
import type { ProblemPolicy } from '../dataset/image-source.ts';
import { type ProblemList, problemsText } from '../dataset/problem-list.ts';
import type { TrainingRanks } from '../distributed/training-ranks.ts';
import type { Device } from '../engines/device.ts';
import { UsageError } from '../errors.ts';
import type { NamedResult } from '../report/score-model.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import type { KeptTraining } from './checkpoint.ts';
import type { Environment } from './environment.ts';
import type { RunEvent } from './events.ts';
import type { RunFolder } from './run-folder.ts';

/** What a training comes to. */
export interface TrainOutcome {
  readonly run: RunFolder;
  /** True after Ctrl-C: a checkpoint was written, no model. */
  readonly interrupted: boolean;
  /** The trained model first; empty after an interruption. */
  readonly results: readonly NamedResult[];
}

/** Where a training writes. */
export interface RunPlace {
  /** Makes or opens the run folder. @param on what else is known of where the training runs */
  open(on?: Environment): Promise<RunFolder>;
  /** Of a run that is resumed: to look into before anything is written. */
  readonly found?: RunFolder;
  /** Keeps what a resume was asked to change, as soon as the run is known to go on with it. */
  readonly keepChanges?: (() => Promise<void>) | undefined;
  /** Go on from the folder's checkpoint, where it has one. */
  readonly resume: boolean;
  /** Another run on the same pictures, whose features are taken where they fit. */
  readonly featuresFrom: RunFolder | undefined;
  /** Nothing is written into the folder: another process may train in it. */
  readonly readsOnly?: boolean;
  /** Hears of what happens, for programs. */
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  /** The ranks that the training is shared out over, of which this is one. */
  readonly ranks?: TrainingRanks;
  /** A run whose weights and class centers a new one takes, by name. */
  readonly initFrom?: RunFolder | undefined;
}

/** What the parts of a training share. */
export interface Job<Config extends TrainConfig> {
  readonly config: Config;
  readonly place: RunPlace;
  readonly backend: Backend;
  /** What multiplies in it, and why: a line. */
  readonly headTold?: string | undefined;
  /** Where onnxruntime runs: it was proven. */
  readonly device: Device;
  readonly dataset: Dataset;
  readonly problems: ProblemList;
  readonly policy: ProblemPolicy;
  readonly signal: AbortSignal;
  /** Fingerprints of the pictures of each identity that is trained on. */
  readonly pictures: readonly string[];
  /** What a resumed run goes on from; undefined where it has no checkpoint yet, and in a new run. */
  readonly kept: KeptTraining | undefined;
  /** Prints one line to the user. */
  readonly say: (line: string) => void;
}

/** Tells how much was left out, if anything. */
export function tellLeftOut(
  { problems, say }: Pick<Job<TrainConfig>, 'problems' | 'say'>,
  unscored: number,
): void {
  const count = problems.all.length;
  if (count === 0) return;
  say(`${problemsText(count, unscored)}; the report lists them`);
}

/** No picture to train on could be read. */
export function nothingToTrainOn(): UsageError {
  return new UsageError(
    'no readable image to train on',
    'at least one',
    'look at the problems listed above.',
  );
}
