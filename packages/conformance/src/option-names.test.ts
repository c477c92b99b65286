import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './index.ts';

/** What is not looked at before the options are. */
const NONE = undefined as never;
const { backendLaws, denseStep, replayGoldens, specimen } = exported;

testOptionNames(exported, {
  checked: {
    backendLaws: (options) => backendLaws(NONE, options),
    denseStep: (options) => denseStep(NONE, NONE, options),
    replayGoldens: (options) => replayGoldens(NONE, NONE, options),
    specimen: (options) => specimen('mine', NONE, options),
  },
  others: [
    'InProcessRanks',
    'buildProblem',
    'embeddedGoldens',
    'formatGoldenReport',
    'kinkDistance',
    'naturalScales',
    'parseGoldens',
    'problemSpecs',
  ],
});
