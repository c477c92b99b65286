import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createRandom } from '@cf/core';
import { oneDnnKernels } from '@cf/onnx/onednn';
import koffi from 'koffi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCheckpoint } from './run/checkpoint.ts';
import { hasMpirun, runRanks, startRanks } from './testing/mpi-runs.ts';
import { cf, metricsOf } from './testing-cli.ts';

const MINUTES = 60_000;

const hasOneDnn = ((): boolean => {
  try {
    oneDnnKernels({ koffi });
    return true;
  } catch {
    return false;
  }
})();

/** Flags of a training of 54 steps: 9 in each epoch. */
const FLAGS: readonly string[] = [
  'train',
  '--pixels=8',
  '--identities=24',
  '--images-per-identity=8',
  '--batch=16',
  '--dim=16',
  '--epochs=6',
  '--checkpoint-every=2steps',
  '--no-control',
  '--seed=5',
];

let folder: string;
/** One process, never interrupted. */
let alone: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cf-mpirun-'));
  alone = join(folder, 'alone');
  expect((await cf([...FLAGS, '--out', alone])).code).toBe(0);
}, 2 * MINUTES);

afterAll(() => rm(folder, { recursive: true, force: true }));

const onRanks = (...flags: readonly string[]): readonly string[] => [...FLAGS, '--distributed=mpi', ...flags];

/** The largest difference between two trainings: of losses and t as they go, and of the class centers at the end. */
async function distance(run: string, other: string): Promise<number> {
  const [here, there] = await Promise.all([metricsOf(run), metricsOf(other)]);
  expect(here.map(({ step }) => step)).toEqual(there.map(({ step }) => step));
  const ofSteps = here.flatMap((step, i) =>
    ['loss', 't', 'meanTargetCosine', 'gradientNorm'].map((name) => {
      const [a, b] = [step[name]!, there[i]![name]!];
      return Math.abs(a - b) / Math.max(1, Math.abs(b));
    }),
  );
  const centers = await Promise.all(
    [run, other].map(
      async (path) => (await readCheckpoint(join(path, 'checkpoint.safetensors'))).state.centers,
    ),
  );
  const [a, b] = centers.map(({ values }) => values) as [Float32Array, Float32Array];
  expect(a.length).toBe(b.length);
  return Math.max(...ofSteps, ...a.map((value, i) => Math.abs(value - b[i]!)));
}

const distanceFromAlone = (run: string): Promise<number> => distance(run, alone);

describe.skipIf(!hasMpirun)('cf train --distributed mpi (needs mpirun, of Debian: openmpi-bin)', () => {
  test.each([2, 3])(
    '%d ranks train as one process does',
    async (size) => {
      const run = join(folder, `ranks-${size}`);
      const { code, stdout, stderr } = await runRanks(onRanks('--out', run), size);
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('Error')]);
      // The first rank tells, and it alone.
      expect(stdout.match(/^done in/gm)).toHaveLength(1);
      expect(stderr.match(/^training: 54 steps/gm)).toHaveLength(1);
      expect(await distanceFromAlone(run)).toBeLessThan(1e-6);
      const left = (await readdir(run)).filter((name) => name.startsWith('checkpoint-shard-'));
      // Of the newest checkpoint and of the one before.
      expect(left).toHaveLength(2 * size);
      expect(await readdir(run)).toEqual(
        expect.arrayContaining(['model.onnx', 'report.html', 'results.json']),
      );
    },
    4 * MINUTES,
  );

  test(
    'drawn classes are those of one process, and rows move with them',
    async () => {
      const flags = ['--head=onnx', '--sample-rate=0.4', '--epochs=2', '--out'];
      const [one, run] = [join(folder, 'sampled-alone'), join(folder, 'sampled')];
      expect((await cf([...FLAGS, ...flags, one])).code).toBe(0);
      const { code, stderr } = await runRanks(onRanks(...flags, run), 3);
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('Error')]);
      expect(await distance(run, one)).toBeLessThan(1e-5);
    },
    4 * MINUTES,
  );

  test.skipIf(!hasOneDnn)(
    '--sync-bn: normalisations see the pictures of all ranks (needs oneDNN)',
    async () => {
      const drawn = ['--identities=12', '--images-per-identity=6', '--batch=8', '--epochs=1', '--seed=5'];
      const small = ['train', ...drawn, '--threads=1', '--no-control', '--kernels=onednn'];
      const runs = ['network-alone', 'network', 'network-apart'].map((name) => join(folder, name));
      const [one, run, apart] = runs as [string, string, string];
      expect((await cf([...small, '--out', one])).code).toBe(0);
      const shared = [...small, '--distributed=mpi'];
      expect((await runRanks([...shared, '--sync-bn', '--out', run], 2)).code).toBe(0);
      expect((await runRanks([...shared, '--out', apart], 2)).code).toBe(0);
      const losses = async (of: string): Promise<readonly number[]> =>
        (await metricsOf(of)).slice(0, 5).map(({ loss }) => loss!);
      const [wanted, together, others] = await Promise.all([one, run, apart].map(losses));
      const furthest = (found: readonly number[]): number =>
        Math.max(...found.map((loss, i) => Math.abs(loss - wanted![i]!)));
      expect(furthest(together!)).toBeLessThan(1e-5);
      expect(furthest(others!)).toBeGreaterThan(1e-2);
      const resumed = await runRanks(['train', '--distributed=mpi', '--resume', run, '--epochs=2'], 2);
      expect([resumed.code, (await metricsOf(run)).length]).toEqual([0, 2 * (await metricsOf(one)).length]);
    },
    6 * MINUTES,
  );

  test(
    'whatever rank is killed whenever: the job ends, the last checkpoint is whole, and other ranks go on',
    async () => {
      const seed = Date.now() % 1e6;
      const random = createRandom(seed);
      const run = join(folder, 'killed');
      const sizes = [2, 3, 2, 1, 3];
      let reached = 0;
      for (const [turn, size] of sizes.entries()) {
        const flags = turn === 0 ? onRanks('--out', run) : ['train', '--distributed=mpi', '--resume', run];
        const { mpirun, ended, pids } = startRanks(flags, size);
        const doneAt = reached + 4 + Math.floor(6 * random.uniform());
        while (mpirun.exitCode === null && (await stepsOf(run)) < doneAt) await setTimeout(5);
        await setTimeout(30 * random.uniform());
        const pid = (await pids()).get(Math.floor(size * random.uniform()));
        if (pid !== undefined) process.kill(pid, 'SIGKILL');
        const { code, stderr } = await ended;
        expect([seed, turn, code, stderr]).toEqual([seed, turn, 137, expect.anything()]);
        const { state } = await readCheckpoint(join(run, 'checkpoint.safetensors'));
        expect(state.step).toBeGreaterThanOrEqual(reached);
        expect(state.centers.values.length).toBe(19 * 16);
        reached = state.step;
      }
      const { code, stderr } = await runRanks(['train', '--distributed=mpi', '--resume', run], 2);
      expect([code, stderr]).toEqual([0, expect.anything()]);
      expect(await distanceFromAlone(run)).toBeLessThan(1e-5);
    },
    8 * MINUTES,
  );

  test(
    'told to stop, all stop after the same step, and one process goes on',
    async () => {
      const run = join(folder, 'stopped');
      const { ended, pids } = startRanks(onRanks('--out', run), 2);
      while ((await stepsOf(run)) < 6) await setTimeout(5);
      // One of them alone is told.
      process.kill((await pids()).get(1)!, 'SIGUSR2');
      const { code, stdout } = await ended;
      expect([code, stdout]).toEqual([130, expect.stringContaining(`go on with: cf train --resume ${run}`)]);
      expect((await cf(['train', '--resume', run])).code).toBe(0);
      expect(await distanceFromAlone(run)).toBeLessThan(1e-5);
    },
    4 * MINUTES,
  );

  test.each<[string, readonly string[], readonly string[], number, RegExp]>([
    [
      'ranks of other configurations',
      [],
      ['--epochs=5'],
      2,
      /rank 1 \(.*\) with epochs 5, expected epochs 6/,
    ],
    ['a rank that can not begin', [], ['--loss-option=scale=-1'], 2, /scale/],
    ['more ranks than classes', ['--identities=4'], ['--identities=4'], 3, /2 identities on 3 ranks/],
  ])(
    '%s: one error on every rank, and nothing is written',
    async (_, first, others, size, message) => {
      const run = join(folder, 'refused');
      const end = ['--out', run];
      const { code, stderr } = await runRanks(onRanks(...first, ...end), size, onRanks(...others, ...end));
      expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
      expect(stderr.match(/^\w+Error \[E_/gm)).toHaveLength(size);
      await expect(readdir(run)).rejects.toThrow(/ENOENT/);
    },
    4 * MINUTES,
  );

  test(
    'a checkpoint of another network stays as it is',
    async () => {
      const run = join(folder, 'other');
      await cp(join(folder, 'ranks-2'), run, { recursive: true });
      const config = join(run, 'config.json');
      await writeFile(config, (await readFile(config, 'utf8')).replace('"dim": 16', '"dim": 8'));
      const before = await readFile(join(run, 'checkpoint.safetensors'));
      const { code, stderr } = await runRanks(['train', '--distributed=mpi', '--resume', run], 2);
      expect([code, stderr.match(/of a training with pixels 8×8: embedding 64 → 16/g)?.length]).toEqual([
        3, 2,
      ]);
      expect((await readFile(join(run, 'checkpoint.safetensors'))).equals(before)).toBe(true);
    },
    4 * MINUTES,
  );
});

async function stepsOf(run: string): Promise<number> {
  const text = await readFile(join(run, 'metrics.jsonl'), 'utf8').catch(() => '');
  const last = text.trimEnd().split('\n').at(-1);
  if (!last) return 0;
  try {
    return JSON.parse(last).step;
  } catch {
    return 0;
  }
}
