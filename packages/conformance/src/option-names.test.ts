import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './index.ts';

/** What is not looked at before the options are. */
const NONE = undefined as never;
const { InProcessRanks, backendLaws, denseStep, replayGoldens, specimen } = exported;

testOptionNames(exported, {
  checked: {
    InProcessRanks: (options) => new InProcessRanks(1, options),
    backendLaws: (options) => backendLaws(NONE, options),
    denseStep: (options) => denseStep(NONE, NONE, options),
    replayGoldens: (options) => replayGoldens(NONE, NONE, options),
    specimen: (options) => specimen('mine', NONE, options),
  },
  others: [
    'buildProblem',
    'embeddedGoldens',
    'formatGoldenReport',
    'kinkDistance',
    'naturalScales',
    'parseGoldens',
    'problemSpecs',
  ],
});
