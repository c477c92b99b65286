import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './index.ts';

const { adamw, learnerOptimiser, sgd, train } = exported;

testOptionNames(exported, {
  checked: {
    adamw: (options) => adamw(options),
    learnerOptimiser: (options) => learnerOptimiser(options),
    sgd: (options) => sgd(options),
    train: (options) => train(options),
  },
  others: [
    'arrayOptimiser',
    'checkpointOf',
    'classCount',
    'classRows',
    'defaultSampler',
    'dominantCenters',
    'firstHeadState',
    'headOfPublished',
    'labelSuspects',
    'learningRateAt',
    'publishedHead',
    'rowUpdate',
    'shareOf',
    'splitCheckpoint',
    'stateFrom',
    'stateOfShare',
  ],
});
