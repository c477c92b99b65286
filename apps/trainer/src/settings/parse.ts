import { CfError, OptionOutOfRangeError, UnknownNameError } from '@cf/core';
import { z } from 'zod';
import { UsageError } from '../errors.ts';
import { longFlag, SETTING_OF } from './setting.ts';

/** Where a field stands in a file, in words: `line 3 of 'run.yaml'`. */
export type PlaceOf = (path: readonly PropertyKey[]) => string;

/** How errors name what is wrong. */
interface Naming {
  readonly placeOf?: PlaceOf | undefined;
  /** Stands before the names of fields. */
  readonly root?: string;
  readonly from?: 'flags' | 'file';
}

/**
 * A value as its schema has it, with defaults.
 *
 * @throws OptionOutOfRangeError, UnknownNameError, UsageError that names field or flag
 */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  naming: Naming,
): z.output<Schema> {
  const problems: Problem[] = [];
  const error = (problem: Problem): undefined => void problems.push(problem);
  const result = schema.safeParse(value, { error });
  if (result.error === undefined) return result.data as z.output<Schema>;
  // A slip in a name also leaves a field missing: the name is what to say.
  const problem = problems.find(({ code }) => code === 'unrecognized_keys') ?? problems[0]!;
  const failure = errorOf(problem, naming);
  if (naming.placeOf === undefined || !(failure instanceof CfError)) throw failure;
  const slip = problem.code === 'unrecognized_keys' ? problem.keys.slice(0, 1) : [];
  const place = naming.placeOf([...(problem.path ?? []), ...slip]);
  throw new UsageError(`${failure.given}, ${place}`, failure.expected, failure.fix);
}

type Problem = Parameters<z.core.$ZodErrorMap>[0];

function errorOf(problem: Problem, { root, from }: Naming): Error {
  const path = [...(root === undefined ? [] : [root]), ...(problem.path ?? [])].join('.');
  const { code, input } = problem;
  if (code === 'unrecognized_keys') {
    const known = Object.keys((problem.schema as z.ZodObject).shape);
    const [name] = problem.keys as [string];
    if (from === 'flags')
      return new UsageError(
        flagOf(name),
        'a flag of this training',
        'leave it out; another kind of training has it.',
      );
    return new UnknownNameError(
      `field of ${path || 'the configuration'}`,
      name,
      known,
      'cf train --print-schema has them',
    );
  }
  if (code === 'invalid_union') {
    const given = (input as Readonly<Record<string, unknown>>)[problem.discriminator!];
    return new OptionOutOfRangeError(path, given, oneOf(problem.options as readonly unknown[]));
  }
  const schema = problem.schema!;
  const setting = from === 'flags' ? SETTING_OF.get(schema) : undefined;
  const name = setting === undefined ? path || 'the configuration' : longFlag(setting).slice(2);
  const expected = expectation(name, schema);
  const rangeFix = `choose ${name} within its range; cf train --help tells its default.`;
  if (expected === 'an object' || expected === 'a text') {
    const fix = 'take the config.json of a run as it is.';
    return new UsageError(`${name} = ${JSON.stringify(input)}`, expected, fix);
  }
  return new OptionOutOfRangeError(name, input, expected, rangeFix);
}

/** The flag whose property has a name: `--data-memory` of dataMemory. */
function flagOf(property: string): string {
  return `--${property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function oneOf(choices: readonly unknown[]): string {
  return `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
}

/** What a schema takes, in the words of an error: `an integer, 1 ≤ epochs ≤ 1000`. */
function expectation(name: string, schema: z.core.$ZodType): string {
  const json = z.toJSONSchema(schema);
  if (json.enum !== undefined) return oneOf(json.enum);
  if (json.type === 'boolean') return oneOf([false, true]);
  if (json.type === 'string') return 'a text';
  if (json.type !== 'number' && json.type !== 'integer') return 'an object';
  const above = json.minimum === undefined ? `${json.exclusiveMinimum} < ` : `${json.minimum} ≤ `;
  const below = json.maximum === undefined ? ` < ${json.exclusiveMaximum ?? '∞'}` : ` ≤ ${json.maximum}`;
  return `${json.type === 'integer' ? 'an integer, ' : ''}${above}${name}${below}`;
}
