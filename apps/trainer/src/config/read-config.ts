import { readJson } from '../run/run-folder.ts';
import { checkConfig } from './check-config.ts';
import type { TrainConfig } from './train-config.ts';

/**
 * Reads the configuration of a training.
 *
 * @throws RunFolderError if the file is missing or no JSON; UsageError, OptionOutOfRangeError, UnknownNameError for what
 * is in it
 */
export async function readConfig(path: string): Promise<TrainConfig> {
  const config = (await readJson(path)) as TrainConfig;
  checkConfig(config);
  return config;
}
