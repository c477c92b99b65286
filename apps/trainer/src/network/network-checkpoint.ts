import { CfError } from '@cf/core';
import type { TrainingState as SessionState, TensorData } from '@cf/onnx';
import { RunFolderError } from '../errors.ts';
import { readTensors, type Tensor, writeTensors } from '../model/safetensors.ts';
import { notOurs, parseLossState, parseStep, requireTensor } from '../training/checkpoint.ts';
import type { NetworkState, TrainableNetwork } from './network-state.ts';

const FORMAT = 'cf-network-checkpoint-1';

/** What a checkpoint belongs to: a training of another network, class count or loss can't go on from it. */
export interface CheckpointOwner {
  /** SHA-256 of the network before training. */
  readonly network: string;
  readonly dim: number;
}

/** Parts of a session's state, and what the names of their tensors begin with. */
const PARTS = ['weights', 'statistics', 'optimiser'] as const;

/** Writes everything that training goes on from: network, momentum, class centers, the loss's state, the step. */
export async function writeNetworkCheckpoint(
  path: string,
  network: Pick<TrainableNetwork, 'state'>,
  { centers, classBias, velocities, lossState, step }: NetworkState,
  owner: CheckpointOwner,
): Promise<void> {
  const session = await network.state();
  const tensors: Record<string, Tensor> = {};
  for (const part of PARTS) {
    for (const [name, tensor] of session[part]) tensors[`${part}/${name}`] = floatTensor(tensor);
  }
  tensors['class.centers'] = { shape: [centers.length / owner.dim, owner.dim], data: centers };
  if (classBias !== undefined) tensors['class.bias'] = { shape: [classBias.length], data: classBias };
  for (const [i, data] of velocities.entries()) tensors[`velocity.${i}`] = { shape: [data.length], data };
  const metadata = {
    format: FORMAT,
    step: String(step),
    updates: String(session.updates),
    lossState: JSON.stringify(lossState),
    network: owner.network,
  };
  await writeTensors(path, { tensors, metadata });
}

/**
 * Reads a checkpoint, puts the network where it was, and gives the rest of the state.
 *
 * @param first a first state made now, which says what must fit
 * @throws RunFolderError if the file is missing, broken, no checkpoint, or of another training
 */
export async function readNetworkCheckpoint(
  path: string,
  network: Pick<TrainableNetwork, 'load'>,
  first: NetworkState,
  owner: CheckpointOwner,
): Promise<NetworkState> {
  const { tensors, metadata } = await readTensors(path);
  if (metadata.format !== FORMAT) {
    throw new RunFolderError(
      `'${path}' of format ${metadata.format}`,
      `a checkpoint of format ${FORMAT}`,
      'resume from a run of this version.',
    );
  }
  if (metadata.network !== owner.network) throw otherTraining(path, 'another network');
  const lossState = parseLossState(metadata.lossState, path);
  if (lossState.loss !== first.lossState.loss) throw otherTraining(path, `loss ${lossState.loss}`);
  const classes = tensors['class.centers']?.shape.join(' × ');
  if (classes !== `${first.centers.length / owner.dim} × ${owner.dim}`)
    throw otherTraining(path, `class centers ${classes}`);
  const float32 = (name: string, { length }: Float32Array): Float32Array =>
    Float32Array.from(requireTensor(tensors, name, path, length).data);
  const state: NetworkState = {
    centers: float32('class.centers', first.centers),
    classBias: first.classBias === undefined ? undefined : float32('class.bias', first.classBias),
    velocities: first.velocities.map((velocity, i) => float32(`velocity.${i}`, velocity)),
    lossState,
    step: parseStep(metadata.step, path),
  };
  loadSession(path, network, tensors, parseStep(metadata.updates, path));
  return state;
}

function loadSession(
  path: string,
  network: Pick<TrainableNetwork, 'load'>,
  tensors: Readonly<Record<string, Tensor>>,
  updates: number,
): void {
  const part = (prefix: string): ReadonlyMap<string, TensorData> =>
    new Map(
      Object.keys(tensors)
        .filter((name) => name.startsWith(`${prefix}/`))
        .map((name) => [name.slice(prefix.length + 1), tensorData(requireTensor(tensors, name, path))]),
    );
  const [weights, statistics, optimiser] = PARTS.map(part);
  try {
    network.load({ weights, statistics, optimiser, updates } as SessionState);
  } catch (cause) {
    if (!(cause instanceof CfError)) throw cause;
    throw notOurs(`'${path}' with ${cause.given}`, cause);
  }
}

function floatTensor({ dims, data }: TensorData): Tensor {
  return { shape: dims, data: data as Tensor['data'] };
}

function tensorData({ shape, data }: Tensor): TensorData {
  return data instanceof Float32Array
    ? { type: 'float32', dims: shape, data }
    : { type: 'float64', dims: shape, data };
}

function otherTraining(path: string, given: string): RunFolderError {
  return new RunFolderError(
    `'${path}' of a training with ${given}`,
    'the network, classes and loss that configuration and pictures say',
    'put configuration, backbone and pictures back as they were, or start a new run.',
  );
}
