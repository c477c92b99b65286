import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createRandom, type Random } from '@cf/core';
import { KEEP_MEMORY } from '../keep-memory.ts';
import { readCheckpoint } from '../run/checkpoint.ts';
import { earlierFile } from '../run/kept-checkpoints.ts';

/** What was seen while trainings were killed. */
export interface KillReport {
  readonly kills: number;
  /** Of them: so many left a file that was being written. */
  readonly whileWriting: number;
  /** So many came before a first step was done. */
  readonly beforeAStep: number;
  /** Trainings that came to their end in between, each with the bits of the one that was never killed. */
  readonly finished: number;
  readonly seconds: number;
}

export interface KillOptions {
  /** How often a training is killed. */
  readonly times: number;
  /** Of the moments. */
  readonly seed?: number;
  readonly epochs?: number;
  /** Of a network, all layers, in place of an embedding. */
  readonly network?: boolean;
  readonly say?: (line: string) => void;
}

const FLAGS: readonly string[] = [
  'train',
  '--images-per-identity=6',
  '--batch=12',
  '--no-control',
  '--validate-every=3',
  '--checkpoint-every=1step',
];
const OF_EMBEDDING: readonly string[] = [...FLAGS, '--identities=30', '--pixels=32', '--dim=64'];
const OF_NETWORK: readonly string[] = [...FLAGS, '--identities=12', '--backbone=tiny-iresnet'];

/**
 * Kills a training with SIGKILL at random moments, resumes it, and so on. After every kill the newest checkpoint is whole and
 * has the bits of a training that was never killed, at the same step; and in the end so have model, scores and metrics.
 *
 * @throws Error at the first difference
 */
export async function killRuns(options: KillOptions): Promise<KillReport> {
  const folder = await mkdtemp(join(tmpdir(), 'cf-kill-'));
  try {
    return await killIn(folder, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function killIn(
  folder: string,
  { times, seed = 0, network = false, epochs = network ? 8 : 50, say = () => {} }: KillOptions,
): Promise<KillReport> {
  const began = performance.now();
  const random = createRandom(seed);
  const straight = join(folder, 'straight');
  const flags = [...(network ? OF_NETWORK : OF_EMBEDDING), `--epochs=${epochs}`];
  await finish([...flags, '--keep-checkpoints=1000000', '--out', straight]);
  const counts = { kills: 0, whileWriting: 0, beforeAStep: 0, finished: 0 };
  while (counts.kills < times) {
    const run = join(folder, `run-${counts.finished}`);
    const features = network ? [] : ['--features-from', straight];
    const first = [...flags, '--keep-checkpoints=3', ...features, '--out', run];
    let step = -1;
    for (;;) {
      const begun = await stat(join(run, 'config.json')).then(
        () => true,
        () => false,
      );
      const args = begun ? ['train', '--resume', run] : first;
      if (counts.kills >= times) {
        await finish(args);
        break;
      }
      const child = start(args);
      if (!(await killSometime(child, run, random))) break;
      counts.kills++;
      const names = await readdir(run).catch(() => []);
      if (names.some((name) => name.startsWith(`.${child.pid}-`))) counts.whileWriting++;
      const reached = await requireSameCheckpoint(run, straight);
      if (reached < step) throw new Error(`after kill ${counts.kills}: from step ${step} back to ${reached}`);
      if (reached === step) counts.beforeAStep++;
      step = reached;
      say(`kill ${counts.kills}: at step ${step}`);
    }
    await requireSameOutcome(run, straight);
    counts.finished++;
  }
  return { ...counts, seconds: (performance.now() - began) / 1000 };
}

function start(args: readonly string[]): ChildProcess {
  const cli = resolve(import.meta.dirname, '..', 'cli.ts');
  // With these the program does not start itself anew, which takes its time.
  const env = { ...process.env, ...KEEP_MEMORY };
  return spawn(process.execPath, [cli, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Lets a training come to its end. */
async function finish(args: readonly string[]): Promise<void> {
  const child = start(args);
  let told = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`cf ${args.join(' ')} ended with ${code}:\n${told}`);
}

/** @returns false where the training came to its end before */
async function killSometime(child: ChildProcess, run: string, random: Random): Promise<boolean> {
  const closed = once(child, 'close');
  let told = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const draw = random.uniform();
  if (draw < 0.2) await Promise.race([closed, setTimeout(1500 * random.uniform())]);
  else {
    const checkpoint = join(run, 'checkpoint.safetensors');
    const before = await modifiedAt(checkpoint);
    while (child.exitCode === null && (await modifiedAt(checkpoint)) === before) await setTimeout(2);
    await setTimeout(200 * random.uniform());
    const aside = new RegExp(`^\\.${child.pid}-`);
    if (draw > 0.6) while (child.exitCode === null && !(await readdir(run)).some((name) => aside.test(name)));
  }
  child.kill('SIGKILL');
  const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
  if (signal === 'SIGKILL') return true;
  if (code !== 0) throw new Error(`a training that was not killed ended with ${code}:\n${told}`);
  return false;
}

async function modifiedAt(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

/** @returns the step of the newest checkpoint, or -1 where there is none yet */
async function requireSameCheckpoint(run: string, straight: string): Promise<number> {
  const path = join(run, 'checkpoint.safetensors');
  if ((await modifiedAt(path)) === 0) return -1;
  const kept = await readCheckpoint(path);
  const { step } = kept.state;
  const file = earlierFile({ path: straight }, step);
  const there = (await modifiedAt(file)) > 0 ? file : join(straight, 'checkpoint.safetensors');
  const other = await readCheckpoint(there);
  if (digestOf(kept) !== digestOf(other)) throw new Error(`${path} has other bits than ${there}`);
  return step;
}

function digestOf({ state, validations, pictures }: Awaited<ReturnType<typeof readCheckpoint>>): string {
  const { centers, classBias, learner, ...rest } = state;
  const hash = createHash('sha256').update(JSON.stringify([rest, validations, pictures]));
  const arrays = [centers.values, ...Object.values(centers.optimiser), classBias?.values ?? []];
  for (const array of [...arrays, ...[...learner.values()].map(({ data }) => data)])
    hash.update(new Uint8Array(Float64Array.from(array).buffer));
  return hash.digest('hex');
}

async function requireSameOutcome(run: string, straight: string): Promise<void> {
  for (const name of ['model.onnx', 'results.json', 'validation.jsonl']) {
    const [own, other] = await Promise.all([run, straight].map((of) => readFile(join(of, name))));
    if (!own!.equals(other!)) throw new Error(`${join(run, name)} has other bits than that of ${straight}`);
  }
  const [own, other] = await Promise.all([run, straight].map(metricsOf));
  if (own !== other) throw new Error(`${run} has other metrics than ${straight}`);
  const left = (await readdir(run)).filter((name) => /\.(tmp|lock)$/.test(name));
  if (left.length > 0) throw new Error(`${run} still has ${left.join(', ')}`);
}

/** Without what no run repeats. */
async function metricsOf(run: string): Promise<string> {
  const text = await readFile(join(run, 'metrics.jsonl'), 'utf8');
  return text.replace(/,"(imagesPerSecond|dataShare)":[^,}]+/g, '');
}
