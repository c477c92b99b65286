import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { vi } from 'vitest';

// Processes start slowly on a machine with other work to do.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CLI = resolve(import.meta.dirname, 'cli.ts');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** A signal to send as soon as something holds; it is looked at every few milliseconds. */
  readonly signal?: { readonly name: NodeJS.Signals; readonly when: () => Promise<boolean> };
}

/** Runs the program as a process of its own. */
export async function cf(args: readonly string[], { signal }: CliOptions = {}): Promise<CliResult> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise<number | null>((done, failed) => {
    child.on('error', failed);
    child.on('close', done);
  });
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
  for await (const part of stream.setEncoding('utf8')) text += part;
  return text;
}

/** Flags of a training that takes a second. */
export const SMALL: readonly string[] = [
  '--identities=30',
  '--images-per-identity=6',
  '--pixels=16',
  '--epochs=2',
  '--batch=32',
  '--dim=16',
];
