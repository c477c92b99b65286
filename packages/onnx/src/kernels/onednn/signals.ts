import type { ForeignFunctions } from './foreign-functions.ts';

/** Runs something that no signal may interrupt. */
export type Undisturbed = <Result>(run: () => Result) => Result;

/** Where systems have it: `SIG_BLOCK`, `SIG_SETMASK`, bytes of a set of signals, and those that only tell of a fault. */
const SYSTEMS: Readonly<
  Partial<Record<NodeJS.Platform, readonly [block: number, set: number, bytes: number, faults: number[]]>>
> = {
  // SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV
  linux: [0, 2, 128, [4, 5, 6, 7, 8, 11]],
  darwin: [1, 3, 4, [4, 5, 6, 8, 10, 11]],
};

/**
 * Keeps signals away from what the calling thread runs, and from threads that begin in there; other threads of the process
 * take them meanwhile. Up to version 3.11 oneDNN's matrix products keep a pointer to their own numbers where the processor
 * has that of its stack, and what answers a signal would write over them.
 */
export function withoutSignals(foreign: ForeignFunctions): Undisturbed {
  const system = SYSTEMS[process.platform];
  if (system === undefined) return (run) => run();
  const [block, set, bytes, faults] = system;
  const change = foreign.load(null).func('int pthread_sigmask(int how, void *signals, void *before)');
  const all = new Uint8Array(bytes).fill(0xff);
  for (const signal of faults) all[(signal - 1) >> 3]! &= ~(1 << ((signal - 1) & 7));
  const before = new Uint8Array(bytes);
  let depth = 0;
  return (run) => {
    if (depth++ === 0) change(block, all, before);
    try {
      return run();
    } finally {
      if (--depth === 0) change(set, before, null);
    }
  };
}
