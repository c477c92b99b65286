/** The middle one of some numbers, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.floor(sorted.length / 2)]!) / 2;
}

/** Seconds that a run takes. */
export async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

/** Median seconds of some runs, after others that don't count: the first ones are slow. */
export async function medianSeconds(
  run: () => Promise<unknown>,
  runs: number,
  warmUp: number,
): Promise<number> {
  const seconds: number[] = [];
  for (let i = 0; i < warmUp + runs; i++) seconds.push(await secondsOf(run));
  return median(seconds.slice(warmUp));
}
