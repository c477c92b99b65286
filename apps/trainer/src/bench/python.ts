import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { reasonOf } from '@cf/core';
import { InterruptedError, SIGNALS } from '../commands/interruption.ts';

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

/** A program that was started has failed. */
export class ProgramFailedError extends Error {
  override readonly name: string = 'ProgramFailedError';
  readonly exitCode: number;
  /** What it wrote on the standard error. */
  readonly told: string;
  /** Whether it is this one, whose errors are told in full and whose exit codes are its own. */
  readonly isThisProgram: boolean;

  constructor(program: string, exitCode: number, told: string) {
    super(`${program} ended with ${exitCode}: ${lastLine(told)}`);
    this.exitCode = exitCode;
    this.told = told;
    this.isThisProgram = program === process.execPath;
  }
}

/** Why something could not be measured, which does not end a bench. @throws InterruptedError, which does */
export function skippedFor(error: unknown): string {
  if (error instanceof InterruptedError) throw error;
  return reasonOf(error);
}

/**
 * Runs a program that reads its task from stdin; resolves to the last line that it prints, which is JSON. A signal that
 * would end this process ends the program.
 *
 * @throws ProgramFailedError; InterruptedError after a signal
 */
export async function answer<Measured>(
  program: string,
  args: readonly string[],
  task: object,
  options?: AnswerOptions,
): Promise<Measured> {
  return JSON.parse(lastLine(await outputOf(program, args, JSON.stringify(task), options)));
}

/**
 * What a program prints. A signal that would end this process ends the program.
 *
 * @param input what it reads from stdin
 * @throws ProgramFailedError; InterruptedError after a signal
 */
export async function outputOf(
  program: string,
  args: readonly string[],
  input: string,
  { environment = process.env, limitSeconds = HOUR }: AnswerOptions = {},
): Promise<string> {
  const child = spawn(program, args, { env: environment, stdio: 'pipe', timeout: 1000 * limitSeconds });
  const closed = new Promise<number | null>((done, failed) => {
    child.on('error', failed);
    child.on('close', done);
  });
  // One that ends before it has read its task says why by its exit code.
  child.stdin.on('error', () => {});
  let interrupted = false;
  const onSignal = (): void => {
    interrupted = true;
    child.kill();
  };
  for (const name of SIGNALS) process.once(name, onSignal);
  try {
    child.stdin.end(input);
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    if (interrupted) throw new InterruptedError();
    if (code === null) throw new Error(`${program} was ended, at the latest after ${limitSeconds} s`);
    if (code !== 0) throw new ProgramFailedError(program, code, stderr);
    return stdout;
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? '';
}
