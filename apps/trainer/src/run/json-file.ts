import { reasonOf } from '@cf/core';
import type { z } from 'zod';
import { RunFolderError } from '../errors.ts';
import { readRegular } from '../settings/read-given.ts';

/** What a file of this program holds, and what an error says where it holds something else. */
export interface KeptForm<Schema extends z.ZodType> {
  readonly schema: Schema;
  /** Such as `scores as a training writes them`. */
  readonly expected: string;
  /** How to fix it, a sentence. */
  readonly fix: string;
}

/** Reads JSON of a run. @throws RunFolderError */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readRegular(path));
  } catch (cause) {
    throw new RunFolderError(
      `'${path}' (${reasonOf(cause)})`,
      'a JSON file',
      'check the path, or start a new run.',
      cause,
    );
  }
}

/**
 * Reads a JSON file that this program wrote.
 *
 * @throws RunFolderError that names the file, the place in it and what is the matter there
 */
export async function readKept<Schema extends z.ZodType>(
  path: string,
  { schema, expected, fix }: KeptForm<Schema>,
): Promise<z.output<Schema>> {
  const read = checked(schema, await readJson(path));
  if ('value' in read) return read.value;
  throw new RunFolderError(`'${path}' (${read.matter})`, expected, fix);
}

/** What a text holds, or in a line what is the matter with it and where. */
export type Parsed<T> = { readonly value: T } | { readonly matter: string };

/** A JSON text as a schema has it. */
export function parseJson<Schema extends z.ZodType>(schema: Schema, text: string): Parsed<z.output<Schema>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return { matter: reasonOf(cause) };
  }
  return checked(schema, value);
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): Parsed<z.output<Schema>> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return { value: data };
  const { path, message } = error.issues[0]!;
  return { matter: `${path.join('.') || 'all of it'}: ${message}` };
}
