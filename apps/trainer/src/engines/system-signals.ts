/** What asks a process to end. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does work in native code that may not end, with the signals as the system has them: one ends the process at once. A
 * handler of the program would wait for the work.
 */
export async function withSystemSignals<T>(work: () => Promise<T>): Promise<T> {
  const kept = SIGNALS.map((name) => [name, process.listeners(name)] as const);
  for (const [name] of kept) process.removeAllListeners(name);
  try {
    return await work();
  } finally {
    for (const [name, listeners] of kept) for (const listener of listeners) process.on(name, listener);
  }
}
