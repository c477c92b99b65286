import { everyOperation } from '../ops/every-operation.ts';
import type { BatchOps } from '../ops/tensor-ops.ts';
import type { Mode, SampleWeighting } from './sample-weighting.ts';

const any = (...values: readonly boolean[]): boolean => values.includes(true);

/** Reads a value, and a mask, as whether it depends on the samples' losses. */
const dependence: BatchOps<boolean, boolean> = {
  ...everyOperation(() => any),
  constant: () => false,
  // The size of the batch is known whatever the losses are.
  count: () => false,
  sum: any,
  argsort: (values) => values,
  gather: any,
  sumOfClass: any,
};

/**
 * Whether a weighting must see the losses before it can say what ∂loss/∂nll is, as focal, OHEM and self-paced must and
 * the plain mean need not. Found by reading its formula, so that it holds for a weighting of yours too.
 */
export function readsLosses(weighting: SampleWeighting, mode: Mode): boolean {
  const state = Object.fromEntries(Object.keys(weighting.initialValues).map((name) => [name, false]));
  return weighting.reduce(dependence, { nll: true, sampleWeights: false }, state, mode).dNll;
}
