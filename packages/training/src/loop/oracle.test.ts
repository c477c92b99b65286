import {
  adaCos,
  adaFace,
  bceFace,
  createLoss,
  curricularFace,
  dynamicArcFace,
  elasticArcFace,
  focal,
  type MarginLoss,
  magFace,
  npcFace,
  ohem,
  referenceBackend,
  smoothed,
  softmax,
  sphereFace,
  sphereFace2,
  uniFace,
} from '@cf/core';
import { expect, test } from 'vitest';
import { linearLearner } from '../testing/linear-learner.ts';
import { type LinearTask, type LinearTaskChanges, linearTask } from '../testing/linear-task.ts';
import { type LinearRun, oracleRun, runDistances } from '../testing/oracle-run.ts';
import { trainLinear } from '../testing/train-linear.ts';

const curricular = curricularFace({ scale: 12, alpha: 0.1 });

const LOSSES: Readonly<Record<string, MarginLoss>> = {
  curricularface: curricular,
  adaface: adaFace({ scale: 12 }),
  'softmax with bias': softmax(),
  'elasticface-arc': elasticArcFace({ scale: 12 }),
  'elasticface-arc+': elasticArcFace({ scale: 12, plus: true }),
  sphereface: sphereFace(),
  magface: magFace({ scale: 12 }),
  'focal(curricularface)': focal(curricular),
  'ohem(curricularface)': ohem(curricular, { keepRatio: 0.7 }),
  'sphereface2, one bias': sphereFace2({ scale: 8 }),
  'focal(sphereface2)': focal(sphereFace2({ scale: 8, marginType: 'A' })),
  'uniface, a bias a class': uniFace({ scale: 8 }),
  'bce-face': bceFace({ scale: 8 }),
  npcface: npcFace({ scale: 12 }),
  adacos: adaCos(),
  'dynamic-arcface': dynamicArcFace({ scale: 12, counts: [1, 4, 9, 30, 2] }),
  'curricularface, smoothed': smoothed(curricular, 0.2),
  'focal(softmax, smoothed)': focal(createLoss('softmax', { labelSmoothing: 0.1 })),
};

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

test.each(Object.entries(LOSSES))('%s: the loop is Algorithm 1, as written out by hand', async (_, loss) => {
  const several: LinearTaskChanges[] = [
    {},
    { batch: 4, accumulate: 2, biasWeightDecay: 0.3 },
    { batch: 3, accumulate: 3, seed: 2, subCenters: 3 },
  ];
  for (const changes of several) {
    const task = linearTask(loss, changes);
    const expected = oracleRun(task);
    const distances = runDistances(await run(task), expected);
    for (const [name, distance] of Object.entries(distances)) expect(distance, name).toBeLessThan(1e-10);
  }
});
