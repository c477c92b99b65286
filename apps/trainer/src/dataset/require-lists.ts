import { reasonOf } from '@cf/core';
import { parseFolds } from '@cf/data';
import { UsageError } from '../errors.ts';
import { readGiven, requireRegular } from '../settings/read-given.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { peopleNames } from './load-dataset.ts';
import { pairsFile } from './pairs-file.ts';

/**
 * Looks at the files that a training names beside its pictures, for that costs nothing, and to align photographs takes long.
 *
 * @throws as those who use them
 */
export async function requireLists(config: TrainConfig): Promise<void> {
  const { data, evaluation, classWeights, difficulties } = config;
  if (data.kind === 'folder' && data.people !== undefined) await peopleNames(data.people, data.folds);
  if (evaluation.pairs !== undefined) {
    const file = await pairsFile(evaluation.pairs);
    if (file.kind === 'whole' && evaluation.pairsFolds !== undefined)
      parseFolds(evaluation.pairsFolds, file.found.folds);
  }
  const lists = {
    '--drop-suspects': data.dropSuspects,
    '--class-weights': classWeights === 'balanced' ? undefined : classWeights,
    '--difficulties': difficulties,
  };
  for (const [flag, file] of Object.entries(lists)) if (file !== undefined) await readGiven(flag, file);
  const network = config.train === 'all' ? config.network : config.features;
  if (network.kind === 'onnx' || network.kind === 'layers') await requireNetwork(network.file);
}

async function requireNetwork(file: string): Promise<void> {
  await requireRegular(file).catch((cause: unknown) => {
    throw new UsageError(
      `--backbone ${file} (${reasonOf(cause)})`,
      'a file that can be read',
      'check the path.',
    );
  });
}
