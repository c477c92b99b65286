import { OptionOutOfRangeError, UnknownNameError } from './errors.ts';

/** What an option is given as. */
export type OptionType =
  | 'number'
  | 'boolean'
  | 'string'
  | 'number or string'
  | 'table'
  | 'number or table'
  | 'number or table or object'
  | 'boolean or string'
  | 'loss';

/** Every option, none forgotten, as what it is given. */
export type OptionTypes<Options> = Readonly<{ [K in keyof Required<Options>]: OptionType }>;

/** Every option, none forgotten. */
export type OptionNames<Options> = Readonly<Record<keyof Required<Options>, true>>;

/**
 * Throws unless options are an object with no other names than these, and values of their types; ranges are checked where
 * the options are used. An option that is undefined counts as left out.
 *
 * @param of whose options they are
 * @throws UnknownNameError with the nearest name; OptionOutOfRangeError
 */
export function requireOptions(
  of: string,
  options: unknown,
  types: Readonly<Record<string, OptionType>>,
): asserts options is object {
  requireKnownOptions(of, options, types);
  for (const [name, value] of Object.entries(options)) {
    const type = types[name]!;
    if (value === undefined || hasType(value, type)) continue;
    const fix = `give ${name} as a ${type}.`;
    throw new OptionOutOfRangeError(name, value, `a ${type}`, fix);
  }
}

/**
 * Throws unless options are an object with no other names than these.
 *
 * @throws UnknownNameError with the nearest name; OptionOutOfRangeError
 */
export function requireKnownOptions(
  of: string,
  options: unknown,
  known: Readonly<Record<string, unknown>>,
): asserts options is object {
  const names = Object.keys(known);
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const fix = names.length === 0 ? 'leave it out.' : `give an object such as { ${names[0]}: … }.`;
    throw new OptionOutOfRangeError(`options of ${of}`, options, 'an object of options', fix);
  }
  for (const name of Object.keys(options))
    if (!names.includes(name)) throw new UnknownNameError(`option of ${of}`, name, names);
}

function hasType(value: unknown, type: OptionType): boolean {
  if (type === 'loss') return typeof value === 'object' && value !== null;
  const table = Array.isArray(value) || ArrayBuffer.isView(value);
  return value !== null && type.split(' or ').includes(table ? 'table' : typeof value);
}
