import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Finding, ProbeName } from './probe.ts';

/** A process that is given a name and sends what it found. */
const PROGRAM = fileURLToPath(
  new URL(`./probe-process.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
);

/** Lines of what a process wrote as it died that are told. */
const TOLD = 200;

export interface ProbeOptions {
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** What is run, in place of the program itself. */
  readonly program?: string;
}

/** Looks into one thing in a process of its own, within some seconds: native code that dies takes nothing else with it. */
export function runProbe(
  name: ProbeName,
  { seconds, signal, program = PROGRAM }: ProbeOptions,
): Promise<Finding> {
  const child = fork(program, [name], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let [finding, isLate, wrote]: [Finding | undefined, boolean, string] = [undefined, false, ''];
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    wrote = `${wrote}${text}`.slice(-4096);
  });
  child.on('message', (message) => {
    finding = message as Finding;
  });
  const stop = (): void => void child.kill('SIGKILL');
  const timer = setTimeout(() => {
    isLate = true;
    stop();
  }, seconds * 1000);
  signal.addEventListener('abort', stop, { once: true });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, by) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason);
      // What was found stays, however the process ended.
      else if (finding !== undefined) resolve(finding);
      else if (isLate)
        resolve({
          state: 'slow',
          told: `not proven within ${seconds} s`,
          fix: 'give it more time: cf doctor --limit 60',
        });
      else
        resolve({ state: 'crashed', told: `its process ended by ${by ?? `code ${code}`}${lastLine(wrote)}` });
    });
  });
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1) ?? '';
  return line === '' ? '' : `: ${line.slice(0, TOLD)}`;
}
