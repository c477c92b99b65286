import { z } from 'zod';
import type { Audience, Kind, Situation } from './situation.ts';

/** What a setting may have beside flag, check and help. */
interface Extras<Value> {
  /** A default that depends on the training; one that does not is the schema's, so that older files are read. */
  readonly default?: (situation: Situation) => Value | undefined;
  /** How a reader is told of `default`. */
  readonly told?: string;
  /** Short forms of the command line, such as `poly`. */
  readonly aliases?: Readonly<Record<string, Value>>;
}

/** One setting of `cf train`: all that the program and its documentation know of it. */
export interface Setting<Flag extends string = string, Schema extends z.ZodType = z.ZodType>
  extends Extras<z.output<Schema>> {
  /** With a placeholder for its value; `--no-…` turns off what is on by default, `--[no-]…` does both. */
  readonly flag: Flag;
  /** Of its value in config.json, or on the command line where it is not there. */
  readonly schema: Schema;
  readonly help: string;
  /** Only these trainings know it. */
  readonly for?: Audience;
}

/** Settings by the name of their field in config.json. */
export type Section = Readonly<Record<string, Setting>>;

/** Which setting a schema of one value belongs to. */
export const SETTING_OF: WeakMap<z.core.$ZodType, Setting> = new WeakMap();

/** An entry of the table of settings. */
export function setting<const Flag extends string, Schema extends z.ZodType>(
  flag: Flag,
  schema: Schema,
  help: string,
  extras: Extras<z.output<Schema>> = {},
): Setting<Flag, Schema> {
  const described = schema.describe(flag.startsWith('--no-') ? `false: ${help}` : help);
  const one = { flag, schema: described, help, ...extras };
  SETTING_OF.set('innerType' in described.def ? (described.def.innerType as z.ZodType) : described, one);
  return one;
}

/** Settings that only these trainings know. */
export function only<S extends Section>(audience: Audience, section: S): S {
  return Object.fromEntries(
    Object.entries(section).map(([name, one]) => [name, { ...one, for: audience }]),
  ) as S;
}

const say = (value: unknown): string => (typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));

const WORDS: Readonly<Record<Kind, string>> = {
  scratch: 'a network from random weights',
  drawn: 'a network on drawn identities',
  file: 'a network from a file',
  embedding: 'an embedding',
};

/** A default for networks from random weights, and those of other trainings where they differ. */
export function byKind<Value>(
  scratch: Value,
  others: Partial<Record<Kind, Value>>,
): { readonly default: (situation: Situation) => Value; readonly told: string } {
  const exceptions = Object.entries(others).map(
    ([kind, value]) => `${say(value)} for ${WORDS[kind as Kind]}`,
  );
  return {
    default: ({ kind }) => others[kind] ?? scratch,
    told: `${say(scratch)}; ${exceptions.join(', ')}`,
  };
}

/** What a reader is told beside the help: which trainings a setting is for, and its default, if no flag's name says it. */
export function remarks({ flag, schema, told, for: audience }: Setting): {
  readonly of: string;
  readonly told: string;
} {
  const isSwitch = !flag.includes('<');
  const plain = schema instanceof z.ZodDefault && !isSwitch ? String(schema.def.defaultValue) : '';
  return { of: audience?.of ?? '', told: told ?? plain };
}

/** The fields of a section as an object of config.json has them. */
export function fieldsOf<S extends Section>(section: S): { [Name in keyof S]: S[Name]['schema'] } {
  return Object.fromEntries(Object.entries(section).map(([name, { schema }]) => [name, schema])) as never;
}

type CamelCase<Text extends string> = Text extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Text;

/** `--no-augment-flip` → augmentFlip. */
type PropertyOf<Flag extends string> = Flag extends `--[no-]${infer Name}` | `--no-${infer Name}`
  ? CamelCase<Name>
  : Flag extends `--${infer Name} <${string}>` | `--${infer Name}`
    ? CamelCase<Name>
    : never;

/** A choice is a text on the command line. */
type Given<Value> = Value extends string ? string : Value;

/** What the command line gives of some settings. */
export type FlagsOf<S extends Setting> = {
  readonly [One in S as PropertyOf<One['flag']>]?: Given<Exclude<z.output<One['schema']>, undefined>>;
};

/** `--min-images` of `--min-images <n>`. */
export function longFlag({ flag }: Setting): string {
  return flag.replace('[no-]', '').split(' ')[0]!;
}

/** The property that holds a flag's value, such as minImages. */
export function propertyOf(of: Setting): string {
  const name = longFlag(of).replace(/^--(no-)?/, '');
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
