import { curricularFace, referenceBackend } from '@cf/core';
import { linearLearner, linearTask, oracleRun, runDistances, trainLinear } from './index.ts';

/** Trains a linear task by the loop, and says how far it is from the oracle. */
export async function distancesInPage(): Promise<Readonly<Record<string, number>>> {
  const task = linearTask(curricularFace({ scale: 12, alpha: 0.1 }), {
    batch: 4,
    accumulate: 2,
    subCenters: 2,
  });
  const head = await referenceBackend().createHead(task.loss, { subCenters: task.subCenters });
  const run = await trainLinear(task, {
    learner: linearLearner(task),
    head,
    precision: 'float64',
    parameters: (state) => ({ weight: state.get('weight')!.data, bias: state.get('bias')!.data }),
  });
  return runDistances(run, oracleRun(task));
}
