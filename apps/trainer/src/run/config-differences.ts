import type { TrainConfig } from '../settings/train-config.ts';

/** Say what a machine trains with, and nothing of what is trained. */
export const OF_MACHINE: readonly string[] = [
  ...['$schema', 'device', 'kernels', 'threads'],
  ...['dataMemory', 'dataDisk', 'dataWorkers'],
];

/** Say nothing of what is trained; or are told elsewhere: what a run goes on on by environment.json, epochs by the schedule. */
const NOT_TOLD = new Set([...OF_MACHINE, 'checkpointEvery', 'keepCheckpoints', 'epochs']);

/** In what a configuration is not the one that a checkpoint was trained by: `batch 32 → 64`. */
export function configDifferences(before: TrainConfig, now: TrainConfig): readonly string[] {
  const [was, is] = [valuesOf(before), valuesOf(now)];
  const names = [...new Set([...was.keys(), ...is.keys()])].filter((name) => !NOT_TOLD.has(name));
  return names.flatMap((name) => {
    const [from, to] = [was.get(name) ?? 'none', is.get(name) ?? 'none'];
    return from === to ? [] : [`${name} ${from} → ${to}`];
  });
}

/** Every value by its path, as JSON. */
export function valuesOf(value: unknown, path: string = ''): ReadonlyMap<string, string> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject) return value === undefined ? new Map() : new Map([[path, JSON.stringify(value)]]);
  return new Map(
    Object.entries(value).flatMap(([name, inner]) => [
      ...valuesOf(inner, path === '' ? name : `${path}.${name}`),
    ]),
  );
}
