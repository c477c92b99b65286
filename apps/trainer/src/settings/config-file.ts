import { reasonOf } from '@cf/core';
import { LineCounter, parseDocument } from 'yaml';
import { RunFolderError } from '../errors.ts';
import { checkConfig } from './check-config.ts';
import { configWithLossFiles } from './loss-files.ts';
import { readRegular } from './read-given.ts';
import type { TrainConfig } from './train-config.ts';

/**
 * Reads the configuration that a person wrote, as YAML or JSON, which is YAML too. What is wrong with it is told with the
 * line.
 *
 * @throws RunFolderError if the file can't be read or is no YAML; UsageError for what is in it
 */
export async function readConfigFile(path: string): Promise<TrainConfig> {
  const noYaml = (given: string, cause: unknown): RunFolderError =>
    new RunFolderError(
      given,
      'a configuration in YAML or JSON',
      'check the path and its indentation.',
      cause,
    );
  const text = await readRegular(path).catch((cause: unknown) => {
    throw noYaml(`'${path}' (${reasonOf(cause)})`, cause);
  });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined)
    throw noYaml(`line ${lines.linePos(error.pos[0]).line} of '${path}' (${error.message})`, error);
  let value: unknown;
  try {
    value = document.toJS();
  } catch (cause) {
    throw noYaml(`'${path}' (${reasonOf(cause)})`, cause);
  }
  return checkConfig(await configWithLossFiles(value), 'file', (keys) =>
    keys.length === 0 ? `'${path}'` : `line ${lineOf(keys)} of '${path}'`,
  );

  /** Of a field, or of the nearest one around it that is there. */
  function lineOf(keys: readonly PropertyKey[]): number {
    for (let length = keys.length; length > 0; length--) {
      const parent: unknown = document.getIn(keys.slice(0, length - 1), true);
      const pairs = (parent as { readonly items?: readonly Pair[] } | undefined)?.items ?? [];
      const pair = pairs.find(({ key }) => key?.value === keys[length - 1]);
      if (pair?.key?.range != null) return lines.linePos(pair.key.range[0]).line;
    }
    return 1;
  }
}

/** A field with its place in the text. */
interface Pair {
  readonly key?: { readonly value?: unknown; readonly range?: readonly number[] | null } | null;
}
