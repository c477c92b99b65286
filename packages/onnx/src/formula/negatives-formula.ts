import {
  binaryTerms,
  emphasisedMask,
  type MarginLoss,
  type Node,
  negativeSumNames,
  negativeTerms,
  type OperationName,
  type TensorOps,
  type TracedFormula,
  traceFormula,
} from '@cf/core';

type Formulas = Readonly<Record<string, Node>>;

/** Names, among a negative's values, of what it adds to the sums that the loss asks for, in their order. */
export function sumsOf(loss: MarginLoss): readonly string[] {
  return negativeSumNames(loss).map(sumOf);
}

/** Name of what a negative adds to a sum. */
export function sumOf(name: string): string {
  return `sum_${name}`;
}

/**
 * Names of all that there is to know of a negative: `value` and `dCos`, which are N and N′; `logit`, scaled, with a bias
 * beside it; under a binary objective `dLogit`, the slope of its loss by the logit; and what it adds to the sums. Beside them
 * there is {@link EMPHASISED}, for who counts.
 */
export function negativeValues(loss: MarginLoss): readonly string[] {
  const pair = loss.objective.kind === 'binary' ? ['dLogit'] : [];
  return ['value', 'dCos', 'logit', ...pair, ...sumsOf(loss)];
}

/** Name of the truth value whether a hard negative is emphasised. */
export const EMPHASISED = 'emphasised';

/**
 * The chosen values of a negative as a graph of operations, on `cos`, `pivot`, `logit_scale`, `class_bias` and the loss's
 * sample values; what a binary objective makes of the `logit` may be asked for on that.
 */
export function traceNegative(
  loss: MarginLoss,
  values: readonly string[],
  { logitKnown = false }: { readonly logitKnown?: boolean } = {},
): TracedFormula {
  const given = logitKnown ? ['logit'] : ['logit_scale', 'class_bias'];
  const names = ['cos', 'pivot', ...given, ...loss.sampleValueNames];
  return traceFormula(names, (ops, inputs) => {
    const all = formulasOf(ops, loss, inputs);
    return Object.fromEntries(values.map((name) => [name, all[name]!]));
  });
}

function formulasOf(ops: TensorOps<Node, Node>, loss: MarginLoss, inputs: Formulas): Formulas {
  const { cos, pivot, logit, logit_scale, class_bias, ...sample } = inputs;
  const { value, dCos, sums } = negativeTerms(ops, loss, cos!, pivot!, sample);
  const named = (terms: Formulas): Formulas =>
    Object.fromEntries(Object.entries(terms).map(([name, term]) => [sumOf(name), term]));
  const emphasised = emphasisedMask(ops, loss, value, cos!, pivot!, sample);
  const known = { value, dCos, [EMPHASISED]: emphasised };
  const { objective } = loss;
  if (objective.kind === 'softmax') return { ...known, logit: ops.mul(value, logit_scale!), ...named(sums) };
  const bias = loss.bias && class_bias;
  const pair =
    logit === undefined
      ? binaryTerms(ops, objective, { value, dCos }, logit_scale!, bias)
      : { logit, ...objective.ofNegative(ops, logit) };
  return { ...known, logit: pair.logit, dLogit: pair.dLogit, ...named({ ...sums, loss: pair.loss }) };
}

/** Names of sample values that a loss's formulas of negatives read. */
export function sampleValuesRead(loss: MarginLoss): readonly string[] {
  const { steps } = traceNegative(loss, [...negativeValues(loss), EMPHASISED]);
  const read = new Set(steps.flatMap((step) => (step.op === 'input' ? [step.name] : [])));
  return loss.sampleValueNames.filter((name) => read.has(name));
}

const POLYNOMIAL: ReadonlySet<OperationName> = new Set([
  'add',
  'sub',
  'mul',
  'neg',
  'min',
  'max',
  'greater',
  'and',
  'or',
  'not',
  'select',
]);

/**
 * Whether a cosine must be clamped to ±1 before N is computed. Where N is piecewise a polynomial it need not: a cosine
 * that rounding carried past ±1 by an ulp moves the logit by as little as any other rounding.
 */
export function clampsCosine(loss: MarginLoss): boolean {
  const polynomial = traceNegative(loss, ['value', 'dCos']).steps.every(
    (step) => step.op === 'input' || step.op === 'constant' || POLYNOMIAL.has(step.op),
  );
  return loss.geometry !== 'inner' && !polynomial;
}

/** Whether a bias is part of the cosine's place, x·w + b: not so beside the logits of a binary objective. */
export function biasInProduct({ bias, objective }: MarginLoss): boolean {
  return bias !== undefined && objective.kind === 'softmax';
}

/** Whether a bias stands beside the scaled logit. */
export function biasBesideLogit({ bias, objective }: MarginLoss): boolean {
  return bias !== undefined && objective.kind === 'binary';
}

/** Whether pass 2 takes a share off every probability. */
export function hasSmoothing({ objective }: MarginLoss): boolean {
  return objective.kind === 'softmax' && objective.labelSmoothing > 0;
}
