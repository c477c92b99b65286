import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Another implementation's measurement, or why there is none. */
export type Peer<Measured> = Measured | { readonly skipped: string };

const HOUR = 3600;

/** Why a script of `bench/peers` can't run PyTorch here; undefined where it can. */
export async function withoutTorch(script: string, python: string): Promise<string | undefined> {
  if (!existsSync(pathOf(script))) return `bench/peers/${script} is part of the repository only`;
  return promisify(execFile)(python, ['-c', 'import torch']).then(
    () => undefined,
    () => `${python} has no torch`,
  );
}

/** What a script of `bench/peers` prints, as JSON. @param environment beside the settings of the machine */
export async function runPeer<Measured>(
  python: string,
  script: string,
  { args = [], task = {} }: { readonly args?: readonly string[]; readonly task?: object },
  environment: NodeJS.ProcessEnv,
): Promise<Measured> {
  // Debian's OpenBLAS finds its kernels itself; settings for another machine make it slow.
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...rest } = process.env;
  const own = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith('MALLOC_')));
  return answer(python, [pathOf(script), ...args], task, { environment: { ...own, ...environment } });
}

function pathOf(script: string): string {
  return fileURLToPath(new URL(`../../../../bench/peers/${script}`, import.meta.url));
}

export interface AnswerOptions {
  readonly environment?: NodeJS.ProcessEnv | undefined;
  /** After which the program is ended; an hour by default. */
  readonly limitSeconds?: number | undefined;
}

/** Runs a program that reads its task from stdin; resolves to the last line that it prints, which is JSON. */
export async function answer<Measured>(
  program: string,
  args: readonly string[],
  task: object,
  { environment = process.env, limitSeconds = HOUR }: AnswerOptions = {},
): Promise<Measured> {
  const child = spawn(program, args, { env: environment, stdio: 'pipe', timeout: 1000 * limitSeconds });
  const closed = new Promise<number | null>((done, failed) => {
    child.on('error', failed);
    child.on('close', done);
  });
  child.stdin.end(JSON.stringify(task));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  const last = (output: string): string => output.trim().split('\n').at(-1) ?? '';
  if (code === null) throw new Error(`${program} was ended, at the latest after ${limitSeconds} s`);
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${last(stderr)}`);
  return JSON.parse(last(stdout));
}
