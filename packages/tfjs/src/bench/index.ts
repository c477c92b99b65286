export {
  benchTrainingStep,
  type TrainingBench,
  type TrainingBenchOptions,
} from '../training-kernels/bench.ts';
export {
  type HeadComparison,
  type HeadMeasurement,
  type MeasureOptions,
  measureHead,
} from './measure-head.ts';
export { type PlainHeadOptions, plainCurricularFace } from './plain-head.ts';
