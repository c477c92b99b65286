export {
  compareVerification,
  comparisonsOf,
  type VerificationComparison,
} from './bootstrap/compare-verification.ts';
export { type Difference, differenceOf } from './bootstrap/difference.ts';
export { type Evaluation, type EvaluationInput, evaluate } from './bootstrap/evaluate.ts';
export {
  type IdentificationFigures,
  type IdentificationIntervalOptions,
  type IdentificationIntervals,
  type IdentificationResamples,
  identificationIntervals,
  identificationIntervalsOf,
  resampleIdentification,
} from './bootstrap/identification-intervals.ts';
export type { Interval } from './bootstrap/interval.ts';
export { type McnemarTest, mcnemarTest } from './bootstrap/mcnemar-test.ts';
export type { PairOrigins, ResampledUnit, UnitName } from './bootstrap/pair-units.ts';
export {
  type ResampleInput,
  type ResampleOptions,
  resampleVerification,
  type VerificationResamples,
} from './bootstrap/resample-verification.ts';
export type { VerificationFigures } from './bootstrap/verification-figures.ts';
export {
  type DrawnFigures,
  intervalsOf,
  type VerificationIntervals,
  verificationIntervals,
} from './bootstrap/verification-intervals.ts';
export { GalleryError, PairsError } from './errors.ts';
export {
  type FnirAtFpir,
  type IdentificationOptions,
  type IdentificationReport,
  identify,
} from './identification/identify.ts';
export { type SearchOutcomes, searchMates } from './identification/search-mates.ts';
export {
  holmAdjusted,
  type PairedDifference,
  pairedDifference,
  sampleDeviation,
  studentQuantile,
} from './paired/paired-difference.ts';
export {
  type LabelledEmbeddings,
  type RetrievalOptions,
  type RetrievalReport,
  retrieve,
} from './retrieval/retrieve.ts';
export { createIdentityIndex, type IdentityIndex, type IdentityIndexInput } from './search/identity-index.ts';
export {
  type ImpostorThreshold,
  type ImpostorThresholdOptions,
  impostorThreshold,
} from './search/impostor-threshold.ts';
export { type Match, search } from './search/search.ts';
export { cosineSimilarity } from './similarity/cosine-similarity.ts';
export { pairScores } from './similarity/pair-scores.ts';
export { type PrincipalPlane, principalPlane } from './similarity/principal-plane.ts';
export { sumWithMirror } from './similarity/sum-with-mirror.ts';
export { type TemplateInput, type Templates, templateEmbeddings } from './templates/template-embeddings.ts';
export { type BestThreshold, bestThreshold } from './verification/best-threshold.ts';
export {
  accuracyOverFolds,
  type FoldAccuracy,
  type FoldResult,
  type ThresholdSource,
} from './verification/fold-accuracy.ts';
export type { LabelledPairs } from './verification/labelled-pairs.ts';
export type { RocPoint, RocPoints } from './verification/roc.ts';
export type { TarAtFar } from './verification/tar-at-far.ts';
export { thinRoc } from './verification/thin-roc.ts';
export { thresholdAtFar } from './verification/threshold-at-far.ts';
export { type VerificationInput, type VerificationReport, verify } from './verification/verify.ts';
export { type PairVerdict, verifyPair } from './verification/verify-pair.ts';
