import { z } from 'zod';
import type { Audience, Kind, Situation } from './situation.ts';

/** A default that depends on the training, and how `--help` tells it. */
export interface ToldDefault<Value> {
  readonly text: string;
  /** Undefined where the training needs none. */
  readonly of: (situation: Situation) => Value | undefined;
}

/** One setting of `cf train`: all that the program and its documentation know of it. */
export interface Setting<Flag extends string = string, Schema extends z.ZodType = z.ZodType> {
  /** With a placeholder for its value; `--no-…` turns off what is on by default, `--[no-]…` does both. */
  readonly flag: Flag;
  /** Of its value in config.json, or on the command line where it is not there. */
  readonly schema: Schema;
  readonly help: string;
  /** A plain value is also what a config.json without the field stands for, so that older ones are read. */
  readonly default?: z.output<Schema> | ToldDefault<z.output<Schema>>;
  /** Only these trainings know it; every one by default. */
  readonly for?: Audience;
  /** Short forms of the command line, such as `poly`. */
  readonly aliases?: Readonly<Record<string, z.output<Schema>>>;
}

/** Settings by the name of their field in config.json. */
export type Section = Readonly<Record<string, Setting>>;

/** An entry of the table of settings. */
export function setting<const Flag extends string, Schema extends z.ZodType>(
  flag: Flag,
  schema: Schema,
  help: string,
  more: Pick<Setting<Flag, Schema>, 'default' | 'for' | 'aliases'> = {},
): Setting<Flag, Schema> {
  const description = flag.startsWith('--no-') ? `false: ${help}` : help;
  return { flag, schema: schema.describe(description), help, ...more };
}

const WORDS: Readonly<Record<Kind, string>> = {
  scratch: '',
  drawn: ' for a network on drawn identities',
  file: ' for a network from a file',
  embedding: ' for an embedding',
};

/** A default for networks from random weights, and those of other trainings where they differ. */
export function byKind<Value>(scratch: Value, others: Partial<Record<Kind, Value>>): ToldDefault<Value> {
  const exceptions = Object.entries(others).map(([kind, value]) => say(value) + WORDS[kind as Kind]);
  const text = `${say(scratch)}; ${exceptions.join(', ')}`;
  return { text, of: ({ kind }) => others[kind] ?? scratch };
}

/** What stands in the place of a value that is left out. */
export function unset(text: string): ToldDefault<never> {
  return { text, of: () => undefined };
}

const say = (value: unknown): string => (typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));

function isTold<Value>(value: unknown): value is ToldDefault<Value> {
  return typeof value === 'object' && value !== null && 'of' in value;
}

/** The value of a setting that was not given. */
export function defaultOf<Schema extends z.ZodType>(
  of: Setting<string, Schema>,
  situation: Situation,
): z.output<Schema> | undefined {
  return isTold<z.output<Schema>>(of.default) ? of.default.of(situation) : of.default;
}

/** What a reader is told beside the help: which trainings a setting is for, and its default, if no flag's name says it. */
export function remarks(one: Setting): { readonly of: string; readonly told: string } {
  const isSwitch = !one.flag.includes('<') && !one.flag.includes('[');
  const plain = one.default === undefined || isSwitch ? '' : say(one.default);
  return { of: one.for?.of ?? '', told: isTold(one.default) ? one.default.text : plain };
}

/** Which setting a schema of one value belongs to. */
export const SETTING_OF: WeakMap<z.core.$ZodType, Setting> = new WeakMap();

/** The fields of a section as an object of config.json has them. */
export function fieldsOf<S extends Section>(section: S): { [Name in keyof S]: S[Name]['schema'] } {
  const entries = Object.entries(section).map(([name, of]) => {
    const isPlain = of.default !== undefined && !isTold(of.default);
    SETTING_OF.set(of.schema instanceof z.ZodOptional ? of.schema.unwrap() : of.schema, of);
    return [name, isPlain ? of.schema.default(of.default as never) : of.schema];
  });
  return Object.fromEntries(entries) as never;
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
