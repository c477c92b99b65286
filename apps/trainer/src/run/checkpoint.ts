import { dirname } from 'node:path';
import { StateMismatchError } from '@cf/core';
import {
  type Checkpoint,
  type CheckpointValues,
  checkpointOf,
  stateFrom,
  type TrainingState,
} from '@cf/training';
import { RunFolderError } from '../errors.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import {
  parseShards,
  type RankShare,
  type ShardFile,
  type ShardingRanks,
  withClasses,
  writeShards,
} from './checkpoint-shards.ts';
import { readTensors, writeSealed } from './safetensors.ts';
import type { Subject } from './subject.ts';
import type { Validation } from './validation.ts';

const FORMAT = 'cf-checkpoint-3';
/** Was without a checksum and a configuration. */
const EARLIER_FORMAT = 'cf-checkpoint-2';

/** What a checkpoint says beside the state. */
export interface Origin {
  /** The network, in words and so that no other passes for it. */
  readonly subject: Pick<Subject, 'description' | 'fingerprint'>;
  /** Fingerprints of the pictures of each class. */
  readonly pictures: readonly string[];
  /** What was trained by. */
  readonly config?: TrainConfig;
  /** Scores on the way so far. */
  readonly validations?: readonly Validation[];
  /** The last loss of each picture of the list, by its place; NaN of those that no step has had. */
  readonly losses?: Float32Array;
}

/** A training as its checkpoint has it. */
export interface KeptTraining extends Origin {
  readonly path: string;
  /** Of an earlier form, which no checksum vouches for. */
  readonly isUnchecked?: true;
  readonly state: TrainingState & { readonly classes: readonly string[] };
}

/** Of the losses of pictures; the names of all that training goes on from begin otherwise. */
const LOSSES = 'pictures/losses';

/**
 * Writes everything that training goes on from: network, optimiser, class centers, the loss's state, the step.
 *
 * @param ranks that have the class centers between them: each writes a shard of its own, and then the first one this file, which
 * names them. All have to call; none goes on before it is there.
 */
export async function writeCheckpoint(
  path: string,
  state: TrainingState,
  origin: Origin,
  ranks?: ShardingRanks,
): Promise<void> {
  if (ranks === undefined) return writeIndex(path, checkpointOf(state), origin);
  await writeShards(path, state, ranks, (whole, shards) => writeIndex(path, whole, origin, shards));
}

async function writeIndex(
  path: string,
  { tensors, values }: Checkpoint,
  { subject: { description, fingerprint }, pictures, config, validations, losses }: Origin,
  shards?: readonly ShardFile[],
): Promise<void> {
  const metadata = {
    format: FORMAT,
    description,
    fingerprint,
    values: JSON.stringify(values),
    ...(shards && { shards: JSON.stringify(shards) }),
    pictures: JSON.stringify(pictures),
    ...(config === undefined ? {} : { config: JSON.stringify(config) }),
    ...(validations === undefined ? {} : { validations: JSON.stringify(validations) }),
  };
  const all = {
    ...Object.fromEntries(tensors),
    ...(losses === undefined ? {} : { [LOSSES]: { shape: [losses.length], data: losses } }),
  };
  await writeSealed(path, { tensors: all, metadata });
}

/**
 * @param share the classes whose centers are wanted; all by default
 * @throws RunFolderError if the file or one of its shards is missing, broken, other than its checksum says, or no checkpoint
 */
export async function readCheckpoint(path: string, share?: RankShare): Promise<KeptTraining> {
  const {
    tensors: { [LOSSES]: losses, ...tensors },
    metadata,
  } = await readTensors(path);
  const { format, description = '?', fingerprint = '?' } = metadata;
  if (format === FORMAT && metadata.sha256 === undefined) throw notOurs(`'${path}' without its checksum`);
  if (format !== FORMAT && format !== EARLIER_FORMAT) {
    throw new RunFolderError(
      `'${path}' of format ${format}`,
      `a checkpoint of format ${FORMAT}`,
      'begin anew with its settings: cf train --config OLD/config.json --out NEW.',
    );
  }
  const bad = Object.entries(tensors).find(([, { data }]) => !data.every(Number.isFinite));
  if (bad !== undefined) throw notOurs(`'${path}' with tensor '${bad[0]}' that is not finite throughout`);
  try {
    const values = JSON.parse(metadata.values ?? '') as CheckpointValues;
    const pictures = JSON.parse(metadata.pictures ?? '') as readonly string[];
    const whole = { tensors: new Map(Object.entries(tensors)), values };
    const shards = metadata.shards === undefined ? undefined : parseShards(metadata.shards);
    const state = stateFrom(await withClasses(path, whole, shards, share)) as KeptTraining['state'];
    return {
      path,
      state,
      pictures,
      subject: { description, fingerprint },
      ...(metadata.config === undefined ? {} : { config: JSON.parse(metadata.config) as TrainConfig }),
      ...(metadata.validations === undefined
        ? {}
        : { validations: JSON.parse(metadata.validations) as readonly Validation[] }),
      ...(losses === undefined ? {} : { losses: Float32Array.from(losses.data) }),
      ...(format === EARLIER_FORMAT ? { isUnchecked: true } : {}),
    };
  } catch (cause) {
    if (cause instanceof RunFolderError) throw cause;
    const given = cause instanceof StateMismatchError ? cause.given : `values = ${metadata.values}`;
    throw notOurs(`'${path}' (${given})`, cause);
  }
}

/** @throws RunFolderError if a training is of another network or loss */
export function requireSameTraining(
  { path, state, subject: kept }: KeptTraining,
  subject: Origin['subject'],
  loss: string,
): void {
  if (kept.fingerprint !== subject.fingerprint)
    throw otherTraining(path, kept.description, `${subject.description}, unchanged`);
  if (state.lossState.loss !== loss)
    throw otherTraining(path, `loss ${state.lossState.loss}`, `loss ${loss}`);
}

/**
 * Labels are places in the list of names: with another list, class centers would stand under other people.
 *
 * @param classes names in the order of the labels
 * @param pictures their fingerprints
 * @throws RunFolderError that lists the identities that differ
 */
export function requireSamePictures(
  kept: KeptTraining,
  classes: readonly string[],
  pictures: readonly string[],
): void {
  const { path, state } = kept;
  const [before, after] = [placesOf(state.classes), placesOf(classes)];
  const lists = {
    removed: state.classes.filter((name) => !after.has(name)),
    added: classes.filter((name) => !before.has(name)),
    changed: classes.filter((name, label) => {
      const place = before.get(name);
      return place !== undefined && kept.pictures[place] !== pictures[label];
    }),
    moved: classes.filter((name, label) => before.has(name) && before.get(name) !== label),
  };
  const told = Object.entries(lists).filter(([, names]) => names.length > 0);
  if (told.length === 0) return;
  throw new RunFolderError(
    `'${path}' of a training on other pictures: ${told.map(([what, names]) => `${what} ${listOf(names)}`).join('; ')}`,
    `the ${state.classes.length} identities that the training began with, and their pictures`,
    `put the pictures back as they were, or start a new run with --init-from ${dirname(path)}: it takes the class centers of the same names.`,
  );
}

function placesOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, place) => [name, place]));
}

const MOST_NAMES = 5;

function listOf(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${names.slice(0, MOST_NAMES).join(', ')}${more}`;
}

function otherTraining(path: string, given: string, expected: string): RunFolderError {
  return new RunFolderError(
    `'${path}' of a training with ${given}`,
    `${expected}, as configuration and pictures say`,
    'put configuration, backbone and pictures back as they were, or start a new run.',
  );
}

function notOurs(given: string, cause?: unknown): RunFolderError {
  return new RunFolderError(given, 'a file that this program wrote', 'take an unchanged file.', cause);
}
