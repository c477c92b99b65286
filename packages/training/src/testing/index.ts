export { type DenseInput, type DenseOutput, denseStep, type Rows } from './dense-step.ts';
export { linearLearner } from './linear-learner.ts';
export { LINEAR_CHANGES, linearLosses } from './linear-losses.ts';
export {
  type LinearTask,
  type LinearTaskChanges,
  linearOptions,
  linearSamples,
  linearTask,
} from './linear-task.ts';
export { type LinearRun, oracleRun, runDistances } from './oracle-run.ts';
export { type LinearTrainer, trainLinear } from './train-linear.ts';
