import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InProcessRanks } from '@cf/core';
import { shareOf, stateOfShare, type TrainingState } from '@cf/training';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { pruneShards } from './checkpoint-shards.ts';

const CLASSES = ['ann', 'bob', 'cy', 'dee', 'eve', 'fay', 'gus'];
const DIM = 2;

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cf-shards-'));
  path = join(folder, 'checkpoint.safetensors');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Every number says whose it is. */
function madeState(step: number): TrainingState {
  const numbers = (from: number): Float32Array =>
    Float32Array.from({ length: CLASSES.length * DIM }, (_, i) => from + i);
  return {
    step,
    lossState: { loss: 'curricularface', values: { t: 0.25, step } },
    classes: CLASSES,
    subCenters: 1,
    centers: { values: numbers(step), optimiser: { momentum: numbers(0.5) } },
    classBias: undefined,
    learner: new Map([['weights/w', { shape: [2], data: Float32Array.of(1, step) }]]),
  };
}

const ORIGIN = { subject: { description: 'a network', fingerprint: 'f' }, pictures: CLASSES };

/** Writes a state by ranks of one process. */
async function written(state: TrainingState, size: number): Promise<void> {
  const ranks = new InProcessRanks(size);
  await Promise.all(
    Array.from({ length: size }, async (_, rank) => {
      const communicator = ranks.communicator(rank);
      const own = stateOfShare(state, shareOf(CLASSES.length, communicator), undefined);
      try {
        await writeCheckpoint(path, own, ORIGIN, { communicator, bias: undefined });
      } catch (error) {
        ranks.fail(error);
        throw error;
      }
    }),
  );
}

const shards = async (): Promise<readonly string[]> =>
  (await readdir(folder)).filter((name) => name.startsWith('checkpoint-shard-')).sort();

test.each([1, 2, 3, 7])('what %d ranks have written, any number of ranks reads', async (size) => {
  const state = madeState(4);
  await written(state, size);
  expect(await shards()).toHaveLength(size);
  expect((await readCheckpoint(path)).state).toEqual(state);
  for (const readers of [1, 2, 5])
    for (let rank = 0; rank < readers; rank++) {
      const share = { rank, size: readers };
      const { state: found } = await readCheckpoint(path, share);
      expect(found).toEqual(stateOfShare(state, shareOf(CLASSES.length, share), undefined));
    }
});

test('ranks read their rows of a checkpoint that one process has written', async () => {
  const state = madeState(4);
  await writeCheckpoint(path, state, ORIGIN);
  const share = { rank: 1, size: 3 };
  const { state: found } = await readCheckpoint(path, share);
  expect(found).toEqual(stateOfShare(state, shareOf(CLASSES.length, share), undefined));
});

test('where one rank fails, the checkpoint before stands', async () => {
  await written(madeState(4), 2);
  const before = await readFile(path);
  const ranks = new InProcessRanks(2);
  const communicator = ranks.communicator(0);
  const own = stateOfShare(madeState(8), shareOf(CLASSES.length, communicator), undefined);
  const writing = writeCheckpoint(path, own, ORIGIN, { communicator, bias: undefined });
  setTimeout(() => ranks.fail(new Error('rank 1 is gone')), 50);
  await expect(writing).rejects.toThrow('rank 1 is gone');
  expect((await readFile(path)).equals(before)).toBe(true);
  expect((await readCheckpoint(path)).state.step).toBe(4);
});

test('a shard that is gone, cut, or of another checkpoint is told', async () => {
  await written(madeState(8), 2);
  const others = await Promise.all((await shards()).map((name) => readFile(join(folder, name))));
  await rm(folder, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), 'cf-shards-'));
  path = join(folder, 'checkpoint.safetensors');
  await written(madeState(4), 2);
  const second = join(folder, (await shards())[1]!);
  const whole = await readFile(second);
  await writeFile(second, others[1]!);
  await expect(readCheckpoint(path)).rejects.toThrow(/of another checkpoint/);
  await writeFile(second, whole);
  await truncate(second, whole.length - 8);
  await expect(readCheckpoint(path)).rejects.toThrow(/checksum/);
  await rm(second);
  await expect(readCheckpoint(path)).rejects.toThrow(/can't be read/);
  // Who does not need it, does not miss it.
  expect((await readCheckpoint(path, { rank: 0, size: 2 })).state.centers.values[0]).toBe(4);
});

test('shards that no checkpoint names go; none goes where one can not be read', async () => {
  await written(madeState(4), 2);
  const first = await shards();
  await written(madeState(8), 3);
  const damaged = join(folder, 'checkpoint-4.safetensors');
  await writeFile(damaged, 'no checkpoint');
  await pruneShards(folder, [path, damaged]);
  expect(await shards()).toHaveLength(5);
  await pruneShards(folder, [path, join(folder, 'none.safetensors')]);
  const left = await shards();
  expect(left).toHaveLength(3);
  expect(left.some((name) => first.includes(name))).toBe(false);
  expect((await readCheckpoint(path)).state).toEqual(madeState(8));
});
