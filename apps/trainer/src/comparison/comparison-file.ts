import { firstLine, reasonOf, UnknownNameError } from '@cf/core';
import { parseDocument } from 'yaml';
import { RunFolderError, UsageError } from '../errors.ts';
import type { TrainFlags } from '../settings/fields.ts';
import { readRegular } from '../settings/read-given.ts';
import { flagsOfSettings } from './settings-of-file.ts';

/** What a person asks to have compared: flags of `cf train`, and what each variant has of its own. */
export interface AskedComparison {
  readonly seeds: readonly number[];
  readonly baseline: string | undefined;
  readonly settings: TrainFlags;
  readonly variants: readonly { readonly name: string; readonly settings: TrainFlags }[];
}

const FIELDS = ['seeds', 'baseline', 'settings', 'variants'];

/**
 * Reads a comparison that a person wrote, as YAML or JSON.
 *
 * @throws RunFolderError if the file can't be read or is no YAML; UsageError, UnknownNameError for what is in it
 */
export async function readComparisonFile(path: string): Promise<AskedComparison> {
  const value = await readYaml(path);
  const of = `'${path}'`;
  const fields = mapOf(value, of);
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) throw new UnknownNameError(`field of ${of}`, unknown, FIELDS);
  const { seeds = DEFAULT_SEEDS, baseline } = fields;
  if (baseline !== undefined && typeof baseline !== 'string')
    throw new UsageError(`baseline = ${JSON.stringify(baseline)} of ${of}`, 'the name of a variant', NAMED);
  const variants = Object.entries(mapOf(fields.variants, `variants of ${of}`));
  return {
    seeds: seedsOf(Array.isArray(seeds) ? seeds.join() : String(seeds), `seeds of ${of}`),
    baseline,
    settings: flagsOfSettings(mapOf(fields.settings ?? {}, `settings of ${of}`), `settings in ${of}`),
    variants: variants.map(([name, settings]) => ({
      name: variantName(name),
      settings: flagsOfSettings(
        mapOf(settings ?? {}, `variant ${name} of ${of}`),
        `variant ${name} in ${of}`,
      ),
    })),
  };
}

const NAMED = 'write it as one of the names below variants.';
export const DEFAULT_SEEDS = '3';
const MOST_SEEDS = 1000;

/** `3`: the seeds 0, 1, 2; `0,4,7`: these. @throws UsageError */
export function seedsOf(text: string, from: string): readonly number[] {
  const numbers = text.split(',').map((one) => (/^\s*\d+\s*$/.test(one) ? Number(one) : Number.NaN));
  const seeds =
    numbers.length === 1 && numbers[0]! >= 1 && numbers[0]! <= MOST_SEEDS
      ? Array.from({ length: numbers[0]! }, (_, seed) => seed)
      : numbers;
  const isCount = numbers.length > 1 || seeds !== numbers;
  const areFit = seeds.every((seed) => Number.isInteger(seed) && seed <= 2 ** 31);
  if (isCount && areFit && new Set(seeds).size === seeds.length) return seeds;
  throw new UsageError(
    `${from} ${text}`,
    `a number of seeds, 1 to ${MOST_SEEDS}, or a list of different ones`,
    'write 3 for the seeds 0, 1, 2, or the seeds themselves, such as 0,4,7.',
  );
}

/** A name that is a folder as well. @throws UsageError */
export function variantName(name: string): string {
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_.=+-]*$/u.test(name) && name.length <= 100) return name;
  throw new UsageError(
    `variant '${name}'`,
    'a name of letters, digits and _ . = + -',
    'the name is that of a folder, too; write it without spaces.',
  );
}

async function readYaml(path: string): Promise<unknown> {
  const refuse = (reason: string, cause: unknown): RunFolderError =>
    new RunFolderError(
      `'${path}' (${reason})`,
      'a comparison in YAML or JSON',
      'check the path and its indentation.',
      cause,
    );
  const text = await readRegular(path).catch((cause: unknown) => {
    throw refuse(reasonOf(cause), cause);
  });
  try {
    const document = parseDocument(text);
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS();
  } catch (cause) {
    throw refuse(firstLine(cause), cause);
  }
}

function mapOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new UsageError(
    `${name} = ${JSON.stringify(value)}`,
    'names with values below them',
    'see cf compare --help for the form of the file.',
  );
}
