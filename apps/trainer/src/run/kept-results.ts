import { z } from 'zod';
import { readKept } from './json-file.ts';
import type { RunFolder } from './run-folder.ts';

const number = z.number();
const RESULTS = z
  .array(
    z.object({
      name: z.string(),
      accuracy: number,
      std: number,
      scoredPairs: z.object({
        genuinePairs: number,
        impostorPairs: number,
        auc: number,
        eer: number,
        tarAtFar: z.array(
          z.object({ far: number, tar: number.nullable(), threshold: number.nullable() }).readonly(),
        ),
      }),
    }),
  )
  .min(1);

/** A score as results.json has it. */
export type KeptResult = z.output<typeof RESULTS>[number];

/** The scores of a run, the trained network's first. @throws RunFolderError for what a training does not write */
export function readResults(
  run: RunFolder,
  fix: string = 'put it back as it was, or train the run anew.',
): Promise<readonly KeptResult[]> {
  return readKept(run.file('results'), {
    schema: RESULTS,
    expected: 'scores as a training writes them',
    fix,
  });
}
