import type { SampleWeighting } from './sample-weighting.ts';
import { weightedMean } from './weighted-mean.ts';

/** G = 1: the plain mean. */
export const uniformWeighting: SampleWeighting = {
  name: 'uniform',
  gradient: 'frozen',
  initialValues: {},
  reduce: (ops, { nll, sampleWeights }) => ({ ...weightedMean(ops, nll, sampleWeights), next: {} }),
};
