import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './layers.ts';

/** What is not looked at before the options are. */
const NONE = undefined as never;
const { compileMarginModel, MarginHead, tfjsLearner } = exported;

testOptionNames(exported, {
  checked: {
    compileMarginModel: (options) => compileMarginModel(NONE, options),
    MarginHead: (options) => new MarginHead(options),
    tfjsLearner: (options) => tfjsLearner(NONE, options),
  },
  others: [
    'embeddingModel',
    'layersModel',
    'layersOf',
    'layersWeights',
    'marginHeadOf',
    'registerMarginHead',
    'setLayersWeights',
  ],
});
