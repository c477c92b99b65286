import { z } from 'zod';
import { RunFolderError } from '../errors.ts';
import { type RunFolder, readJson } from './run-folder.ts';

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

/** The scores of a run. @throws RunFolderError for what a training does not write */
export async function readResults(run: RunFolder): Promise<readonly KeptResult[]> {
  const path = run.file('results');
  const found = RESULTS.safeParse(await readJson(path));
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw new RunFolderError(
    `'${path}' (${issue!.path.join('.') || 'all of it'}: ${issue!.message})`,
    'scores as a training writes them',
    'put it back as it was, or train the run anew.',
  );
}
