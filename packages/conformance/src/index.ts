export { InProcessRanks } from '@cf/core';
export { BACKEND_LAWS, backendLaws, FLOAT64_LAWS, FORMULA_LAWS, type LawTest } from './backend-laws.ts';
export { embeddedGoldens } from './goldens/embedded.ts';
export { formatGoldenReport } from './goldens/format-report.ts';
export {
  type GoldenCase,
  type GoldenFile,
  GoldenFormatError,
  type GoldenStep,
  parseGoldens,
} from './goldens/golden-file.ts';
export { naturalScales } from './goldens/natural-scale.ts';
export {
  GOLDEN_TOLERANCE,
  type GoldenErrors,
  type GoldenReport,
  type GoldenRow,
  replayGoldens,
} from './goldens/replay.ts';
export type { Law, LawContext, LawOptions } from './laws/law.ts';
export { type DenseOutput, denseStep } from './oracle/dense-head.ts';
export { kinkDistance } from './oracle/kink-distance.ts';
export {
  buildProblem,
  type ProblemBounds,
  type ProblemSpec,
  problemSpecs,
  type Regime,
} from './problems/problem.ts';
export { SPECIMENS, type Specimen, type SpecimenTraits, specimen } from './problems/specimens.ts';
