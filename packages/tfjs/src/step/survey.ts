import { type MarginLoss, prepareSamples, type SamplePoints, surveyLoss } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { tfBatchOps } from '../ops/tf-batch-ops.ts';
import { classTiles, type TileSource } from './class-tiles.ts';
import { firstPass, type LogSumExp } from './log-sum-exp.ts';

/**
 * The log-sum-exp of plain cosines that the statistics of some losses ask for before anything else, in training: a pass 1 of
 * its own, at a scale of the moment.
 */
export function survey(
  loss: MarginLoss,
  samples: Omit<SamplePoints<tf.Tensor>, 'surveyed'>,
  tiling: Omit<TileSource, 'loss' | 'prepared'>,
): LogSumExp | undefined {
  const { surveyScale } = loss;
  if (surveyScale === undefined || samples.mode === 'eval') return undefined;
  return tf.tidy(() => {
    const plain = prepareSamples(tfBatchOps, surveyLoss, {
      ...samples,
      bias: undefined,
      surveyed: undefined,
    });
    const prepared = { ...plain, logitScale: surveyScale(tfBatchOps, samples.state, samples.classes) };
    const source = { ...tiling, loss: surveyLoss, prepared, bias: undefined, keepBytes: 0 };
    return firstPass(source, classTiles(source), { countNegatives: false, nearest: false }).negatives;
  });
}
