import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { firstLine } from '@cf/core';
import { z } from 'zod';
import { UsageError } from '../../errors.ts';
import { atomicWrite } from '../../run/atomic-write.ts';
import { parseJson } from '../../run/json-file.ts';

const SCHEMA = z.strictObject({
  about: z.string(),
  ratios: z.array(
    z.strictObject({
      name: z.string().describe('what over what, measured side by side in one run; higher is better'),
      ratio: z.number().positive(),
      limitGflopPerSecond: z.number().positive().describe('best rate of matrix products in that run'),
      machine: z.string(),
      date: z.string(),
      command: z.string(),
    }),
  ),
});

/** The committed file of ratios. */
export type RatiosFile = z.output<typeof SCHEMA>;
export type KeptRatio = RatiosFile['ratios'][number];

const ABOUT =
  'Ratios of what was measured side by side in one run; higher is better. `pnpm check-ratios` measures them again and tells which fell by more than 15 %; `pnpm check-ratios --write` writes this file.';

/** This machine, as the file tells it. */
export function machineName(): string {
  return `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} threads, ${process.platform} ${process.arch}`;
}

/** @throws UsageError where there is no such file, or it is not one of ratios */
export async function readRatios(path: string): Promise<RatiosFile> {
  const read = await readFile(path, 'utf8').then(
    (text) => parseJson(SCHEMA, text),
    (cause: unknown) => ({ matter: firstLine(cause) }),
  );
  if ('value' in read) return read.value;
  throw new UsageError(
    `'${path}' (${read.matter})`,
    'a file of ratios',
    'name another with --file, or write it with --write.',
  );
}

export function writeRatios(path: string, ratios: readonly KeptRatio[]): Promise<void> {
  return atomicWrite(path, `${JSON.stringify({ about: ABOUT, ratios }, undefined, 2)}\n`);
}
