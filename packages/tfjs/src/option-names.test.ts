import { arcFace } from '@cf/core';
import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './index.ts';

const { marginHead, tfjsBackend } = exported;

testOptionNames(exported, {
  checked: {
    marginHead: (options) => marginHead(arcFace(), options),
    tfjsBackend: (options) => tfjsBackend(options),
  },
  others: ['assignState', 'registerTrainingKernels', 'stateFromTensors', 'stateToTensors', 'stateVariables'],
});
