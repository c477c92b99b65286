import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';

const CLI = resolve(import.meta.dirname, 'cli.ts');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** Looks at everything printed so far, each time there is more; may send signals. */
  readonly onOutput?: (text: string, child: ChildProcess) => void;
  /** A signal sent some time after the start. */
  readonly signalAfter?: { readonly ms: number; readonly signal: NodeJS.Signals };
}

/** Runs the program as a process of its own. */
export function cf(args: readonly string[], { onOutput, signalAfter }: CliOptions = {}): Promise<CliResult> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    if (signalAfter !== undefined) setTimeout(() => child.kill(signalAfter.signal), signalAfter.ms);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onOutput?.(stdout + stderr, child);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onOutput?.(stdout + stderr, child);
    });
    child.on('error', failed);
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
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
