import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLoss } from '@cf/core';
import { firstHeadState, sgd, type TrainingState } from '@cf/training';
import { beforeEach, describe, expect, it } from 'vitest';
import { failureOf, temporaryFolder } from '../testing.ts';
import { readCheckpoint } from './checkpoint.ts';
import { earlierSteps, keepCheckpoints, readNewest, readOutcome } from './kept-checkpoints.ts';
import { createRunFolder, type RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(async () => {
  run = await createRunFolder(join(await temporaryFolder(), 'run'));
});

const origin = { subject: { description: 'x', fingerprint: 'y' }, pictures: ['a', 'b'] };

/** A state whose class centers say which step it is of. */
function stateAt(step: number): TrainingState {
  const classes = ['a', 'b'];
  const loss = createLoss('arcface');
  const first = firstHeadState({ loss, classes, embeddingSize: 4, rule: sgd(), seed: step });
  return { ...first, step, learner: new Map() };
}

async function writeAll(keep: number, steps: readonly number[], best?: number): Promise<void> {
  const keeper = keepCheckpoints(run, { keep, newest: undefined });
  for (const step of steps) {
    await keeper.write(stateAt(step), origin);
    if (step === best) await keeper.keepAsBest();
  }
}

const files = async (): Promise<string[]> => (await readdir(run.path)).sort();

describe('keepCheckpoints', () => {
  it.each<[number, string[]]>([
    [1, []],
    [2, ['checkpoint-30.safetensors']],
    [3, ['checkpoint-20.safetensors', 'checkpoint-30.safetensors']],
    [9, [0, 10, 20, 30].map((step) => `checkpoint-${step}.safetensors`)],
  ])('keeps the last %d', async (keep, earlier) => {
    await writeAll(keep, [0, 10, 20, 30, 40]);
    expect(await files()).toEqual([...earlier, 'checkpoint.safetensors']);
    expect((await readNewest(run))!.state).toMatchObject({ step: 40, centers: stateAt(40).centers });
    for (const step of await earlierSteps(run)) {
      const { state } = await readCheckpoint(join(run.path, `checkpoint-${step}.safetensors`));
      expect(state.centers).toEqual(stateAt(step).centers);
    }
  });

  it('keeps the best beside them, which takes no room while it is one of them', async () => {
    await writeAll(2, [0, 10, 20, 30], 10);
    expect(await files()).toEqual([
      'checkpoint-20.safetensors',
      'checkpoint-best.safetensors',
      'checkpoint.safetensors',
    ]);
    expect((await readOutcome(run))!.state.step).toBe(10);
    await keepCheckpoints(run, { keep: 2, newest: 30 }).keepAsBest();
    expect((await stat(run.file('best'))).ino).toBe((await stat(run.file('checkpoint'))).ino);
    expect(await files()).toHaveLength(3);
  });

  it('names a best one that is damaged, and what to do without it', async () => {
    await writeAll(2, [10, 20], 10);
    await writeFile(run.file('best'), 'noise');
    const error = await failureOf(() => readOutcome(run));
    expect(error).toMatchObject({ code: 'E_RUN', message: expect.stringMatching(/instead: rm .*best/) });
    await rm(run.file('best'));
    expect((await readOutcome(run))!.state.step).toBe(20);
  });

  it('may be told the same step again, and lets go of what is ahead of it', async () => {
    await writeAll(3, [10, 20, 20, 30]);
    expect(await earlierSteps(run)).toEqual([20, 10]);
    await rename(join(run.path, 'checkpoint-10.safetensors'), run.file('checkpoint'));
    await keepCheckpoints(run, { keep: 3, newest: 10 }).write(stateAt(15), origin);
    expect(await earlierSteps(run)).toEqual([10]);
  });

  it('writes nothing where the run is no longer held', async () => {
    await writeAll(2, [10]);
    const lost = { ...run, requireHeld: () => Promise.reject(new Error('lost')) };
    const error = await failureOf(() =>
      keepCheckpoints(lost, { keep: 2, newest: 10 }).write(stateAt(20), origin),
    );
    expect(error.message).toBe('lost');
    expect((await readNewest(run))!.state.step).toBe(10);
  });
});

describe('readNewest', () => {
  it('is none in a run that has none', async () => {
    expect(await readNewest(run)).toBeUndefined();
  });

  it.each<[string, (path: string) => Promise<void>, RegExp]>([
    ['damaged', async (path) => writeFile(path, (await readFile(path)).fill(1, 300, 301)), /damaged/],
    ['cut short', async (path) => writeFile(path, (await readFile(path)).subarray(0, 400)), /./],
    ['gone', (path) => rm(path), /without checkpoint\.safetensors/],
  ])('names the last one that is whole where the newest is %s', async (_, spoil, message) => {
    await writeAll(4, [10, 20, 30]);
    await spoil(run.file('checkpoint'));
    await writeFile(join(run.path, 'checkpoint-20.safetensors'), 'noise');
    const error = await failureOf(() => readNewest(run));
    expect(error).toMatchObject({ code: 'E_RUN', message: expect.stringMatching(message) });
    const [, from, to] = /step 10, which is whole: mv (\S+) (\S+)$/.exec(error.message)!;
    await rename(from!, to!);
    expect((await readNewest(run))!.state.step).toBe(10);
  });

  it('says what is wrong where no other is whole', async () => {
    await writeAll(1, [10, 20]);
    await writeFile(run.file('checkpoint'), 'noise');
    expect((await failureOf(() => readNewest(run))).message).toMatch(/start a new run/);
  });
});
