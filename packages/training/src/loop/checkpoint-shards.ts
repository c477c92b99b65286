import { StateMismatchError } from '@cf/core';
import type { NamedTensor, NamedTensors } from '../learner/named-tensors.ts';
import { type BiasOwner, type Checkpoint, checkpointOf, isOfClasses, stateFrom } from './checkpoint.ts';
import type { Share } from './rank-shares.ts';
import { classCount } from './samples.ts';
import type { TrainingState } from './training-state.ts';

/** The tensors of a checkpoint that have rows of some classes. */
export interface ClassShard extends Share {
  readonly tensors: NamedTensors;
}

/** A checkpoint whose tensors are apart: those with rows of classes, which each rank has of its own, and those that all share. */
export interface SplitCheckpoint {
  readonly ofClasses: NamedTensors;
  readonly shared: NamedTensors;
}

/** Takes the tensors of a checkpoint apart. They stay the state's own. */
export function splitCheckpoint({ tensors }: Checkpoint, bias: BiasOwner): SplitCheckpoint {
  const all = [...tensors];
  const isRow = ([name]: readonly [string, NamedTensor]): boolean => isOfClasses(name, bias);
  return {
    ofClasses: new Map(all.filter(isRow)),
    shared: new Map(all.filter((entry) => !isRow(entry))),
  };
}

/**
 * The rows of some classes, from shards that have them between them: what a rank goes on with, however many ranks wrote them.
 *
 * @param shards by their first class
 * @throws StateMismatchError where a class is missing, or shards do not fit each other
 */
export function classRows(shards: readonly ClassShard[], { from, to }: Share): NamedTensors {
  const meeting = shards.filter((shard) => shard.from < to && shard.to > from);
  // Of no class, any shard says which tensors there are.
  const [first] = meeting.length > 0 ? meeting : shards;
  if (first === undefined) throw unfit('none');
  if (first.from === from && first.to === to) return first.tensors;
  requireGapless(meeting, { from, to });
  return new Map([...first.tensors].map(([name, like]) => [name, joined(name, like, meeting, { from, to })]));
}

/** A state of all classes as the rank has it that holds some of them. Arrays of rows are copies. */
export function stateOfShare(state: TrainingState, share: Share, bias: BiasOwner): TrainingState {
  const whole = checkpointOf(state);
  const { ofClasses, shared } = splitCheckpoint(whole, bias);
  const rows = classRows([{ from: 0, to: classCount(state), tensors: ofClasses }], share);
  return stateFrom({ tensors: new Map([...rows, ...shared]), values: whole.values });
}

function requireGapless(shards: readonly ClassShard[], { from, to }: Share): void {
  let next = from;
  for (const shard of shards) {
    if (shard.from > next) throw unfit(`none of class ${next}`);
    next = Math.max(next, shard.to);
  }
  if (next < to) throw unfit(`none of class ${next}`);
}

function joined(
  name: string,
  { shape: [rows, ...row], data }: NamedTensor,
  shards: readonly ClassShard[],
  { from, to }: Share,
): NamedTensor {
  const perClass = (shard: ClassShard): number => {
    const tensor = shard.tensors.get(name);
    if (tensor === undefined || `${tensor.shape.slice(1)}` !== `${row}`) throw unfit(`another '${name}'`);
    return tensor.data.length / (shard.to - shard.from);
  };
  const [first] = shards;
  // Of no class, nothing says how many rows one has, and nothing needs it.
  const size = first === undefined ? 0 : perClass(first);
  const values =
    data instanceof Float32Array
      ? new Float32Array(size * (to - from))
      : new Float64Array(size * (to - from));
  for (const shard of shards) {
    if (perClass(shard) !== size) throw unfit(`another number of rows a class in '${name}'`);
    const [begin, end] = [Math.max(from, shard.from), Math.min(to, shard.to)];
    const own = shard.tensors
      .get(name)!
      .data.subarray((begin - shard.from) * size, (end - shard.from) * size);
    values.set(own, (begin - from) * size);
  }
  const perRow = row.reduce((product, length) => product * length, 1);
  return { shape: [rows === undefined ? 0 : values.length / perRow, ...row], data: values };
}

function unfit(given: string): StateMismatchError {
  return new StateMismatchError(
    `shards of a checkpoint with ${given}`,
    'the rows of every class, as the ranks of one training wrote them',
    'take all shards of one checkpoint, unchanged.',
  );
}
