import { referenceBackend } from '@cf/core';
import { expect, test } from 'vitest';
import { linearLearner } from '../testing/linear-learner.ts';
import { LINEAR_CHANGES, linearLosses } from '../testing/linear-losses.ts';
import { type LinearTask, linearTask } from '../testing/linear-task.ts';
import { type LinearRun, oracleRun, runDistances } from '../testing/oracle-run.ts';
import { trainLinear } from '../testing/train-linear.ts';

async function run(task: LinearTask): Promise<LinearRun> {
  const head = await referenceBackend().createHead(task.loss, { subCenters: task.subCenters });
  const learner = linearLearner(task);
  return await trainLinear(task, {
    learner,
    head,
    precision: 'float64',
    parameters: (state) => ({ weight: state.get('weight')!.data, bias: state.get('bias')!.data }),
  });
}

test.each(Object.entries(linearLosses()))(
  '%s: the loop is Algorithm 1, as written out by hand',
  async (_, loss) => {
    for (const changes of LINEAR_CHANGES) {
      const task = linearTask(loss, changes);
      const expected = oracleRun(task);
      const distances = runDistances(await run(task), expected);
      for (const [name, distance] of Object.entries(distances)) expect(distance, name).toBeLessThan(1e-10);
    }
  },
);
