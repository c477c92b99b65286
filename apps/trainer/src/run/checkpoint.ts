import { dirname } from 'node:path';
import { StateMismatchError } from '@cf/core';
import { type CheckpointValues, checkpointOf, stateFrom, type TrainingState } from '@cf/training';
import { RunFolderError } from '../errors.ts';
import { readTensors, type TensorFile, writeTensors } from './safetensors.ts';
import type { Subject } from './subject.ts';

const FORMAT = 'cf-checkpoint-2';

/** What a checkpoint belongs to: a training of another network, other pictures or another loss can't go on from it. */
export interface CheckpointOwner {
  readonly subject: Pick<Subject, 'description' | 'fingerprint'>;
  /** Names in the order of the labels. */
  readonly classes: readonly string[];
  /** Of their pictures, in the same order. */
  readonly pictures: readonly string[];
  /** Name of the loss. */
  readonly loss: string;
}

/** Writes everything that training goes on from: network, optimiser, class centers, the loss's state, the step. */
export async function writeCheckpoint(
  path: string,
  state: TrainingState,
  { subject: { description, fingerprint }, pictures }: CheckpointOwner,
): Promise<void> {
  const { tensors, values } = checkpointOf(state);
  const text = { values: JSON.stringify(values), pictures: JSON.stringify(pictures) };
  const metadata = { format: FORMAT, description, fingerprint, ...text };
  await writeTensors(path, { tensors: Object.fromEntries(tensors), metadata });
}

/** A training that may go on, with the names of its classes. */
export type NamedState = TrainingState & { readonly classes: readonly string[] };

/**
 * The state of a checkpoint, to go on from.
 *
 * @throws RunFolderError if the file is missing, broken, no checkpoint, or of another training
 */
export async function readCheckpoint(path: string, owner: CheckpointOwner): Promise<NamedState> {
  const { state, metadata } = await readState(path);
  const { subject, loss } = owner;
  if (metadata.fingerprint !== subject.fingerprint)
    throw otherTraining(path, metadata.description ?? '?', `${subject.description}, unchanged`);
  if (state.lossState.loss !== loss)
    throw otherTraining(path, `loss ${state.lossState.loss}`, `loss ${loss}`);
  const differences = differencesOf(state.classes, parse<string[]>(path, metadata.pictures), owner);
  if (differences === undefined) return state;
  throw new RunFolderError(
    `'${path}' of a training on other pictures: ${differences}`,
    `the ${state.classes.length} classes that the training began with, and their pictures`,
    `put the pictures back as they were, or start a new run with --init-from ${dirname(path)}: it takes the class centers of the same names.`,
  );
}

/** The state of a checkpoint, whatever training it is of. @throws RunFolderError if it is none */
export async function readState(
  path: string,
): Promise<{ readonly state: NamedState; readonly metadata: TensorFile['metadata'] }> {
  const { tensors, metadata } = await readTensors(path);
  if (metadata.format !== FORMAT) {
    throw new RunFolderError(
      `'${path}' of format ${metadata.format}`,
      `a checkpoint of format ${FORMAT}`,
      'resume from a run of this version.',
    );
  }
  const bad = Object.entries(tensors).find(([, { data }]) => !data.every(Number.isFinite));
  if (bad !== undefined) throw notOurs(`'${path}' with tensor '${bad[0]}' that is not finite throughout`);
  try {
    const values = parse<CheckpointValues>(path, metadata.values);
    const state = stateFrom({ tensors: new Map(Object.entries(tensors)), values });
    return { state: state as NamedState, metadata };
  } catch (cause) {
    if (!(cause instanceof StateMismatchError)) throw cause;
    throw notOurs(`'${path}' (${cause.given})`, cause);
  }
}

function parse<T>(path: string, text: string | undefined): T {
  try {
    return JSON.parse(text ?? '') as T;
  } catch (cause) {
    throw notOurs(`'${path}' with values = ${text}`, cause);
  }
}

/**
 * How the pictures differ from those of a checkpoint; undefined where they are the same. Labels are places in the list of
 * names: with another list, class centers would stand under other people.
 */
function differencesOf(
  kept: readonly string[],
  keptPictures: readonly string[],
  { classes, pictures }: CheckpointOwner,
): string | undefined {
  const [before, after] = [new Set(kept), new Set(classes)];
  const lists = {
    removed: kept.filter((name) => !after.has(name)),
    added: classes.filter((name) => !before.has(name)),
    changed: classes.filter((name, label) => {
      const place = kept[label] === name ? label : kept.indexOf(name);
      return place >= 0 && keptPictures[place] !== pictures[label];
    }),
  };
  const told = Object.entries(lists).flatMap(([what, names]) =>
    names.length === 0 ? [] : [`${what} ${listOf(names)}`],
  );
  if (told.length > 0) return told.join('; ');
  return kept.some((name, label) => name !== classes[label]) ? 'the same in another order' : undefined;
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
