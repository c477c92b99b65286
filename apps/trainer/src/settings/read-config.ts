import { readJson } from '../run/run-folder.ts';
import { checkConfig } from './check-config.ts';
import type { TrainConfig } from './train-config.ts';

/**
 * Reads the configuration of a training; fields that it lacks take their defaults.
 *
 * @throws RunFolderError if the file is missing or no JSON; UsageError, OptionOutOfRangeError, UnknownNameError for what
 * is in it
 */
export async function readConfig(path: string): Promise<TrainConfig> {
  return checkConfig(await readJson(path));
}
