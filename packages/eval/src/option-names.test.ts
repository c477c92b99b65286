import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './index.ts';

/** What is not looked at before the options are. */
const NONE = undefined as never;
const {
  compareVerification,
  createIdentityIndex,
  evaluate,
  identificationIntervals,
  identify,
  impostorThreshold,
  resampleIdentification,
  resampleVerification,
  retrieve,
  search,
  templateEmbeddings,
  verificationIntervals,
  verify,
} = exported;

testOptionNames(exported, {
  checked: {
    compareVerification: (options) => compareVerification(options),
    createIdentityIndex: (options) => createIdentityIndex(options),
    evaluate: (options) => evaluate(options),
    identificationIntervals: (options) => identificationIntervals(NONE, NONE, options),
    identify: (options) => identify(NONE, options),
    impostorThreshold: (options) => impostorThreshold(NONE, options),
    resampleIdentification: (options) => resampleIdentification(NONE, NONE, options),
    resampleVerification: (options) => resampleVerification(options),
    retrieve: (options) => retrieve(NONE, options),
    search: (options) => search(NONE, NONE, options),
    templateEmbeddings: (options) => templateEmbeddings(options),
    verificationIntervals: (options) => verificationIntervals(options),
    verify: (options) => verify(options),
  },
  others: [
    'accuracyOverFolds',
    'bestThreshold',
    'comparisonsOf',
    'cosineSimilarity',
    'differenceOf',
    'holmAdjusted',
    'identificationIntervalsOf',
    'intervalsOf',
    'mcnemarTest',
    'pairScores',
    'pairedDifference',
    'principalPlane',
    'sampleDeviation',
    'searchMates',
    'studentQuantile',
    'sumWithMirror',
    'thinRoc',
    'thresholdAtFar',
    'verifyPair',
  ],
});
