import type { Rules } from '../../rule.ts';
import { batchNormalization } from './batch-normalization.ts';
import { dropout } from './dropout.ts';
import { groupNormalization } from './group-normalization.ts';
import { instanceNormalization } from './instance-normalization.ts';
import { layerNormalization } from './layer-normalization.ts';
import { localResponse } from './local-response.ts';
import { lpNormalization } from './lp-normalization.ts';
import { meanVariance } from './mean-variance.ts';
import { rmsNormalization } from './rms-normalization.ts';
import { softmax } from './softmax.ts';

/** Operators that set numbers in relation to others of the same sample, channel or batch. */
export const normalizations: Rules = {
  ...batchNormalization,
  ...dropout,
  ...softmax,
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LpNormalization: lpNormalization,
  LRN: localResponse,
  MeanVarianceNormalization: meanVariance,
  RMSNormalization: rmsNormalization,
};
