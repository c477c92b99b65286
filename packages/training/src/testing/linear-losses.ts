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
  smoothed,
  softmax,
  sphereFace,
  sphereFace2,
  uniFace,
} from '@cf/core';
import type { LinearTaskChanges } from './linear-task.ts';

/** Losses of every kind, of a scale for a small task of five classes. */
export function linearLosses(): Readonly<Record<string, MarginLoss>> {
  const curricular = curricularFace({ scale: 12, alpha: 0.1 });
  return {
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
}

/** How a small task is varied: micro-batches, a bias that decays, several centers a class, classes that weigh differently. */
export const LINEAR_CHANGES: readonly LinearTaskChanges[] = [
  {},
  { batch: 4, accumulate: 2, biasWeightDecay: 0.3, classWeights: [0.5, 2, 1, 0.25, 1.5] },
  { batch: 3, accumulate: 3, seed: 2, subCenters: 3 },
];
