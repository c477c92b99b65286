import { createLoss } from '@cf/core';
import {
  type FirstStateOptions,
  firstHeadState,
  type Learner,
  type NamedTensors,
  type TrainedArray,
  type TrainingState,
} from '@cf/training';
import { RunFolderError } from '../errors.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { trainingOptions } from '../settings/training-options.ts';
import { readCheckpoint } from './checkpoint.ts';
import type { RunFolder } from './run-folder.ts';
import type { Subject } from './subject.ts';

/** What of a learner's state an optimiser does not start anew. */
const OF_NETWORK = /^(weights|statistics)\//;

/**
 * The first state of a training that starts from another run: weights and running statistics of its network, and the class
 * centers of identities of the same name. Optimiser, loss and schedule start anew.
 *
 * @returns also how many class centers were found
 * @throws RunFolderError if the run has no checkpoint, or one of another network
 */
export async function initialState(
  from: RunFolder,
  { network: { learner }, samples: { classes } }: Pick<Subject, 'network' | 'samples'>,
  config: TrainConfig,
): Promise<{ readonly state: TrainingState; readonly found: number }> {
  const path = from.file('checkpoint');
  const { state: given } = await readCheckpoint(path);
  const loss = createLoss(config.loss.name, config.loss.params);
  const { embeddingSize } = learner;
  const options: FirstStateOptions = { ...trainingOptions(config), loss, classes, embeddingSize };
  const first = firstHeadState(options);
  const weights = weightsFrom(path, given.learner, await learner.state());
  const found = moveRows(given.classes, given.centers, classes, first.centers, embeddingSize);
  if (first.classBias !== undefined && given.classBias !== undefined)
    moveRows(given.classes, given.classBias, classes, first.classBias, 1);
  return { state: { ...first, learner: weights }, found };
}

/**
 * Reads what a training is to start from, before anything is written.
 *
 * @param learner where it is there already: that the weights fit it.
 * @throws RunFolderError if the run has no checkpoint that can be read, or one of another network
 */
export async function requireInitial(from: RunFolder | undefined, learner?: Learner): Promise<void> {
  if (from === undefined) return;
  const path = from.file('checkpoint');
  const { state } = await readCheckpoint(path);
  if (learner !== undefined) weightsFrom(path, state.learner, await learner.state());
}

function weightsFrom(path: string, given: NamedTensors, own: NamedTensors): NamedTensors {
  const named = [...own].map(([name, tensor]) => {
    if (!OF_NETWORK.test(name)) return [name, tensor] as const;
    const other = given.get(name);
    if (`${other?.shape}` === `${tensor.shape}`) return [name, other!] as const;
    throw new RunFolderError(
      `'${path}' with '${name}' ${other === undefined ? 'absent' : `[${other.shape.join(', ')}]`}`,
      `[${tensor.shape.join(', ')}], as the network has it`,
      'start from a run of the same backbone, engine and --dim.',
    );
  });
  return new Map(named);
}

/** Copies the rows of classes of the same name. @returns how many there are */
function moveRows(
  from: readonly string[],
  { values: source }: TrainedArray,
  to: readonly string[],
  { values: target }: TrainedArray,
  size: number,
): number {
  const places = new Map(from.map((name, place) => [name, place]));
  let found = 0;
  for (const [label, name] of to.entries()) {
    const place = places.get(name);
    if (place === undefined) continue;
    target.set(source.subarray(place * size, (place + 1) * size), label * size);
    found++;
  }
  return found;
}
