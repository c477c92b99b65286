import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ConformanceRun } from './conformance-run.ts';

/** A method of {@link ConformanceRun} that the process is asked to run. */
export interface Question {
  readonly method: keyof ConformanceRun;
  readonly argument: string;
}

export type Answer = { readonly value: unknown } | { readonly error: string };

/**
 * Starts a script of this folder in a process of its own; it answers once when it is ready, and then every question.
 *
 * @param environment added to that of this process; native libraries read it as they load.
 * @throws Error with what the process said, if it is not ready or ends before it has answered
 */
export async function forkedRun(
  script: string,
  environment: Readonly<Record<string, string>>,
): Promise<ConformanceRun> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), {
    env: { ...process.env, ...environment },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const ask = async (method: Question['method'], argument = ''): Promise<unknown> => {
    child.send({ method, argument } satisfies Question);
    return nextAnswer(child, () => said);
  };
  try {
    await nextAnswer(child, () => said);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    checkLaw: (name) => ask('checkLaw', name) as Promise<void>,
    replayGoldens: () => ask('replayGoldens') as ReturnType<ConformanceRun['replayGoldens']>,
    replayTiles: () => ask('replayTiles') as ReturnType<ConformanceRun['replayTiles']>,
    stepTwoHeads: () => ask('stepTwoHeads') as ReturnType<ConformanceRun['stepTwoHeads']>,
    async dispose() {
      try {
        await ask('dispose');
      } finally {
        child.kill('SIGKILL');
      }
    },
  };
}

function nextAnswer(child: ChildProcess, said: () => string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null): void => {
      child.off('message', answered);
      reject(new Error(`the process ended (${code ?? signal}) without an answer:\n${said()}`));
    };
    const answered = (answer: Answer): void => {
      child.off('exit', ended);
      if ('error' in answer) reject(new Error(answer.error));
      else resolve(answer.value);
    };
    child.once('message', answered).once('exit', ended);
  });
}
