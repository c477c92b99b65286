import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CellRunner } from '../comparison/run-cell.ts';
import { holdRun, openRunFolder } from '../run/run-folder.ts';
import { train } from '../run/train.ts';

/** Trains cells in this process. */
export const cellsHere: CellRunner = async ({ folder, config }, { signal, onEvent }) => {
  const run = await holdRun(await openRunFolder(folder), () => {});
  try {
    const place = { resume: true, found: run, featuresFrom: undefined, open: async () => run, onEvent };
    const { interrupted } = await train(config, place, signal, () => {});
    return { status: interrupted ? 'interrupted' : 'done', seconds: 1, peakMemory: null };
  } finally {
    await run.release?.();
  }
};

/**
 * In the place of trainings: folders as they leave them.
 *
 * @param aucOf the score of a cell, by its name; an error's message in the place of a score is how it ends
 */
export function pretendedCells(
  aucOf: (name: string) => number | string,
): CellRunner & { readonly ran: string[] } {
  const ran: string[] = [];
  const runner: CellRunner = async ({ name, seed, folder }) => {
    ran.push(name);
    const auc = aucOf(name);
    if (auc === 'interrupted') return { status: 'interrupted', seconds: 2, peakMemory: 3e6 };
    if (typeof auc === 'string')
      return {
        status: auc === 'diverged' ? 'diverged' : 'failed',
        seconds: 1,
        peakMemory: null,
        message: auc,
      };
    const step = {
      epoch: 1,
      loss: 2,
      imagesPerSecond: 8,
      meanTargetCosine: seed / 10,
      t: null,
      hardShare: 0.5,
    };
    await appendFile(join(folder, 'metrics.jsonl'), `${JSON.stringify({ step: 1, ...step })}\n`);
    const pairs = { genuinePairs: 5, impostorPairs: 5, tarAtFar: [] };
    const scores = { accuracy: auc - 0.1, std: 0, scoredPairs: { ...pairs, auc, eer: 1 - auc } };
    await writeFile(join(folder, 'results.json'), JSON.stringify([{ name: 'trained', ...scores }]));
    return { status: 'done', seconds: 1, peakMemory: 1e6 };
  };
  return Object.assign(runner, { ran });
}
