import { type MarginLoss, type OperationName, type TracedFormula, traceFormula } from '@cf/core';

/** A loss's formula for negatives, N and N′, as a graph of operations. */
export function traceNegative(loss: MarginLoss): TracedFormula {
  return traceFormula(['cos', 'pivot', ...loss.sampleValueNames], (ops, inputs) => {
    const { cos, pivot, ...row } = inputs as Record<string, Parameters<typeof ops.neg>[0]>;
    return { ...loss.negative(ops, cos!, pivot!, row) };
  });
}

/** Names of sample values that a loss's formula for negatives reads. */
export function sampleValuesRead(loss: MarginLoss): readonly string[] {
  const read = new Set(traceNegative(loss).steps.flatMap((step) => (step.op === 'input' ? [step.name] : [])));
  return loss.sampleValueNames.filter((row) => read.has(row));
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
  const polynomial = traceNegative(loss).steps.every(
    (step) => step.op === 'input' || step.op === 'constant' || POLYNOMIAL.has(step.op),
  );
  return loss.geometry !== 'inner' && !polynomial;
}
