import { UnknownNameError } from '@cf/core';
import { z } from 'zod';
import { UsageError } from '../errors.ts';
import { everySetting, run, type TrainFlags } from '../settings/fields.ts';
import { longFlag, propertyOf, type Setting } from '../settings/setting.ts';

/** Of the flags of a call, a comparison has its own; a run to start from is one of the trainings' own. */
const OF_THE_CALL: ReadonlySet<string> = new Set([
  ...Object.values<Setting>(run)
    .map(propertyOf)
    .filter((name) => name !== 'initFrom'),
  'seed',
]);

/** The settings that the variants of a comparison may have: all of `cf train` but its seed and the flags of a call. */
export function comparedSettings(): readonly (Setting & { readonly title: string })[] {
  return everySetting().filter((one) => !OF_THE_CALL.has(propertyOf(one)));
}

/**
 * Settings as a file has them, as flags: by the names of the flags, with or without hyphens.
 *
 * @param of whose they are, for errors
 * @throws UnknownNameError for a setting that nothing knows; UsageError for a value that no flag has
 */
export function flagsOfSettings(settings: Readonly<Record<string, unknown>>, of: string): TrainFlags {
  const known = new Map(comparedSettings().map((one) => [propertyOf(one), one]));
  const entries = Object.entries(settings).map(([key, value]) => {
    const property = key.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    const one = known.get(property);
    if (property === 'seed')
      throw new UsageError(
        `seed of ${of}`,
        'seeds of the whole comparison',
        'write seeds: [0, 1, 2] in the file.',
      );
    if (one === undefined) {
      const names = [...known.values()].map((other) => longFlag(other).replace(/^--(no-)?/, ''));
      throw new UnknownNameError(`setting of ${of}`, key, names);
    }
    return [property, flagValue(one, value, `${key} of ${of}`)];
  });
  return Object.fromEntries(entries);
}

function flagValue({ schema, flag }: Setting, value: unknown, name: string): unknown {
  const { type } = z.toJSONSchema(schema);
  const isPlain = typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean';
  if (type === 'string' && isPlain) return String(value);
  if (type === 'array') {
    if (Array.isArray(value)) return value.map(String);
    if (typeof value === 'object' && value !== null)
      return Object.entries(value).map(
        ([option, set]) => `${option}=${typeof set === 'object' ? JSON.stringify(set) : String(set)}`,
      );
    if (isPlain) return [String(value)];
  }
  if (isPlain) return value;
  throw new UsageError(`${name} = ${JSON.stringify(value)}`, `a value of ${flag}`, 'see cf train --help.');
}
