import { CfError } from '@cf/core';
import { type CheckpointValues, checkpointOf, stateFrom, type TrainingState } from '@cf/training';
import { RunFolderError } from '../errors.ts';
import { readTensors, writeTensors } from './safetensors.ts';
import type { Subject } from './subject.ts';

const FORMAT = 'cf-checkpoint-2';

/** What a checkpoint belongs to: a training of another network, other classes or another loss can't go on from it. */
export interface CheckpointOwner {
  readonly subject: Pick<Subject, 'description' | 'fingerprint'>;
  /** Names in the order of the labels. */
  readonly classes: readonly string[];
  /** Name of the loss. */
  readonly loss: string;
}

/** Writes everything that training goes on from: network, optimiser, class centers, the loss's state, the step. */
export async function writeCheckpoint(
  path: string,
  state: TrainingState,
  { subject }: CheckpointOwner,
): Promise<void> {
  const { tensors, values } = checkpointOf(state);
  const metadata = { format: FORMAT, values: JSON.stringify(values), ...subjectText(subject) };
  await writeTensors(path, { tensors: Object.fromEntries(tensors), metadata });
}

function subjectText({ description, fingerprint }: CheckpointOwner['subject']): Record<string, string> {
  return { description, fingerprint };
}

/** @throws RunFolderError if the file is missing, broken, no checkpoint, or of another training */
export async function readCheckpoint(path: string, owner: CheckpointOwner): Promise<TrainingState> {
  const { tensors, metadata } = await readTensors(path);
  if (metadata.format !== FORMAT) {
    throw new RunFolderError(
      `'${path}' of format ${metadata.format}`,
      `a checkpoint of format ${FORMAT}`,
      'resume from a run of this version.',
    );
  }
  const { subject, classes, loss } = owner;
  if (metadata.fingerprint !== subject.fingerprint)
    throw otherTraining(path, metadata.description ?? '?', `${subject.description}, unchanged`);
  const bad = Object.entries(tensors).find(([, { data }]) => !data.every(Number.isFinite));
  if (bad !== undefined) throw notOurs(`'${path}' with tensor '${bad[0]}' that is not finite throughout`);
  const state = parse(path, new Map(Object.entries(tensors)), metadata.values);
  if (state.lossState.loss !== loss)
    throw otherTraining(path, `loss ${state.lossState.loss}`, `loss ${loss}`);
  requireClasses(path, state.classes as readonly string[], classes);
  return state;
}

function parse(
  path: string,
  tensors: Parameters<typeof stateFrom>[0]['tensors'],
  text: string | undefined,
): TrainingState {
  try {
    return stateFrom({ tensors, values: JSON.parse(text ?? '') as CheckpointValues });
  } catch (cause) {
    throw notOurs(`'${path}' (${cause instanceof CfError ? cause.given : `values = ${text}`})`, cause);
  }
}

/** Labels are places in the list of names: another list, and class centers would stand under other people. */
function requireClasses(path: string, kept: readonly string[], now: readonly string[]): void {
  const [before, after] = [new Set(kept), new Set(now)];
  const differences = [
    told(
      'removed',
      kept.filter((name) => !after.has(name)),
    ),
    told(
      'added',
      now.filter((name) => !before.has(name)),
    ),
  ].filter((text) => text !== '');
  const sameOrder = kept.length === now.length && kept.every((name, label) => name === now[label]);
  if (sameOrder) return;
  throw new RunFolderError(
    `'${path}' of other classes: ${differences.join('; ') || 'the same in another order'}`,
    `the ${kept.length} classes that the training began with`,
    'put the pictures back as they were, or start a new run.',
  );
}

const MOST_NAMES = 5;

function told(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${what} ${names.slice(0, MOST_NAMES).join(', ')}${more}`;
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
