import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { format } from 'node:util';
import { formatPairs, identityPairs } from '@cf/data';
import { syntheticName } from '@cf/data/node';
import { expect, vi } from 'vitest';

const CLI = resolve(import.meta.dirname, 'cli.ts');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** Beside that of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** A signal to send as soon as something holds; it is looked at every few milliseconds. */
  readonly signal?: { readonly name: NodeJS.Signals; readonly when: () => Promise<boolean> };
  /** What is run, in place of the program itself. */
  readonly program?: string;
  /** Streams whose reader is gone from the start; their text is empty. */
  readonly unread?: readonly ('stdout' | 'stderr')[];
}

/** Commands that start the program again. */
const STARTS_ITSELF: readonly (string | undefined)[] = ['bench', 'compare'];

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs the program: with options, and where it starts the program again, as a process of its own; otherwise in this one,
 * which spares it loading everything anew, in its turn.
 */
export function cf(args: readonly string[], options?: CliOptions): Promise<CliResult> {
  if (options !== undefined || STARTS_ITSELF.includes(args[0])) return processOf(args, options);
  const run = last.then(() => runHere(args));
  last = run.catch(() => {});
  return run;
}

/** Runs the program in this process. Only one at a time: streams and exit code are those of the process. */
export async function runHere(args: readonly string[]): Promise<CliResult> {
  const { runProgram } = await import('./program.ts');
  const text = { stdout: '', stderr: '' };
  const spies = [
    ...(['stdout', 'stderr'] as const).map((name) =>
      vi.spyOn(process[name], 'write').mockImplementation((part, ...rest) => {
        text[name] += part;
        const written = rest.find((one) => typeof one === 'function') as (() => void) | undefined;
        written?.();
        return true;
      }),
    ),
    vi.spyOn(console, 'log').mockImplementation((...parts) => {
      text.stdout += `${format(...parts)}\n`;
    }),
  ];
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await runProgram(args);
    return { code: Number(process.exitCode), ...text };
  } finally {
    process.exitCode = before;
    for (const spy of spies) spy.mockRestore();
  }
}

async function processOf(
  args: readonly string[],
  { environment, signal, program = CLI, unread = [] }: CliOptions = {},
): Promise<CliResult> {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise<number | null>((done, failed) => {
    child.on('error', failed);
    child.on('close', done);
  });
  for (const name of unread) child[name].destroy();
  const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
  if (signal !== undefined) {
    while (child.exitCode === null && !(await signal.when())) await setTimeout(10);
    child.kill(signal.name);
  }
  const code = await closed;
  return { code, stdout: await stdout, stderr: await stderr };
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  if (stream.destroyed) return text;
  for await (const part of stream.setEncoding('utf8')) text += part;
  return text;
}

/** Draws faces into `faces` of a folder, with a list of pairs beside it; gives the flags to score its folds 3 and 4. */
export async function facesWithPairs(folder: string, identities: number): Promise<readonly string[]> {
  const faces = join(folder, 'faces');
  const size = [`--identities=${identities}`, '--images-per-identity=4'];
  const drawing = await cf(['faces', ...size, '--seed=5', '--out', faces]);
  expect([drawing.code, drawing.stdout]).toEqual([0, `folder: ${faces}\n`]);
  const drawn = identityPairs({
    counts: new Array<number>(identities).fill(4),
    seed: 1,
    folds: 4,
    mostPairs: 80,
  });
  const pairs = drawn.map(({ fold, same, a, b }) => {
    const image = ({ identity, image: index }: typeof a) => ({
      name: syntheticName(identity),
      index: index + 1,
    });
    return { fold, same, a: image(a), b: image(b), line: 0 };
  });
  const list = join(folder, 'pairs.txt');
  await writeFile(list, formatPairs({ folds: 4, pairs }));
  return ['--data', faces, '--pairs', list, '--pairs-folds', '3-4'];
}

/** The metrics of a run without the one number that no run repeats. */
export async function metricsOf(run: string): Promise<readonly Record<string, number>[]> {
  const text = await readFile(join(run, 'metrics.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const { imagesPerSecond, dataShare, ...metrics } = JSON.parse(line);
      expect(imagesPerSecond).toBeGreaterThan(0);
      expect(dataShare).toBeLessThan(1);
      return metrics;
    });
}

/** Flags of a training that takes a second. */
export const SMALL: readonly string[] = [
  '--identities=15',
  '--images-per-identity=6',
  '--pixels=16',
  '--epochs=2',
  '--batch=16',
  '--dim=16',
];
