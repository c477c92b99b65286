/** Middle element of the numbers in order. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

/** Seconds of every run, after runs that don't count: the first ones of a session are slow. */
export async function secondsOf(
  run: () => Promise<void>,
  runs: number,
  warmup: number = 2,
): Promise<number[]> {
  const seconds: number[] = [];
  for (let i = 0; i < warmup + runs; i++) {
    const start = performance.now();
    await run();
    if (i >= warmup) seconds.push((performance.now() - start) / 1000);
  }
  return seconds;
}
