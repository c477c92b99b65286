import { arcFace } from '@cf/core';
import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './index.ts';

/** What is not looked at before the options are. */
const NONE = undefined as never;
const LOSS = arcFace();

testOptionNames(exported, {
  checked: {
    createCenterGradientKernel: (options) => exported.createCenterGradientKernel(NONE, NONE, options),
    createCosineKernel: (options) => exported.createCosineKernel(NONE, NONE, options),
    createCrossEntropyGradientKernel: (options) =>
      exported.createCrossEntropyGradientKernel(NONE, NONE, options),
    createCrossEntropyKernel: (options) => exported.createCrossEntropyKernel(NONE, NONE, options),
    createEmbeddingGradientKernel: (options) => exported.createEmbeddingGradientKernel(NONE, NONE, options),
    createHardMaskKernel: (options) => exported.createHardMaskKernel(NONE, LOSS, NONE, options),
    createInverseNormKernel: (options) => exported.createInverseNormKernel(NONE, NONE, options),
    createMarginKernel: (options) => exported.createMarginKernel(NONE, LOSS, NONE, options),
    createMarginSlopeKernel: (options) => exported.createMarginSlopeKernel(NONE, LOSS, NONE, options),
    createModulationKernel: (options) => exported.createModulationKernel(NONE, LOSS, NONE, options),
    createModulationSlopeKernel: (options) => exported.createModulationSlopeKernel(NONE, LOSS, NONE, options),
    createPivotKernel: (options) => exported.createPivotKernel(NONE, LOSS, NONE, options),
    gpujsBackend: (options) => exported.gpujsBackend(options),
  },
  others: ['headKernels', 'negativeSource', 'targetSource', 'targetValueNames'],
});
