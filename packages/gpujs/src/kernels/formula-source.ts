import {
  biasSlope,
  binaryTerms,
  emphasisedMask,
  hardMask,
  type MarginLoss,
  type Node,
  negativeTerms,
  numberOps,
  type TensorOps,
  toJavaScript,
  traceFormula,
} from '@cf/core';
import { accurateOps, withAccurateLines } from './accurate-math.ts';
import { biasPlace } from './bias-place.ts';

/** A sum over the negatives, by its name in `negativeSumNames` of `@cf/core`. */
export type NegativeSumOutput = `sum of ${string}`;

/**
 * What a kernel may ask of one negative: N and its slope, the two masks of the diagnostics, its logit, ∂loss by its logit,
 * cosine, bias and ‖x‖, and what it adds to a sum.
 */
export type NegativeOutput =
  | 'value'
  | 'dCos'
  | 'hard'
  | 'emphasised'
  | 'logit'
  | 'gradient'
  | 'slope'
  | 'bias'
  | 'radial'
  | NegativeSumOutput;

/** What the formulas of a negative may read beside the sample values: of the pair, its class, its sample, and pass 2. */
export const NEGATIVE_INPUTS = ['cos', 'classBias', 'pivot', 'scale', 'shift', 'factor', 'share'] as const;
export type NegativeInput = (typeof NEGATIVE_INPUTS)[number];

/** What a kernel may ask of one target: T, its slope in the cosine, and what negatives are compared with. */
export type TargetOutput = 'value' | 'dCos' | 'pivot';

/** A formula of a loss, as lines of a kernel. */
export interface FormulaSource {
  /** The formula's own arguments, as far as the lines read them. */
  readonly inputs: readonly string[];
  /** The sample values that they read besides: their names there, their places in the list of their names. */
  readonly sampleValues: readonly { readonly name: string; readonly index: number }[];
  readonly lines: readonly string[];
  /** Output → the name or literal that holds it. */
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Reads the formulas of a loss's negatives into source over {@link NEGATIVE_INPUTS}, with only the steps that the wanted
 * outputs need. Sample values are renamed (`sample0`, …): a loss may call them anything.
 *
 * ∂loss/∂logit is factor·e^{logit − shift} − share, and under a binary objective factor·∂ℓ/∂logit.
 */
export function negativeSource(loss: MarginLoss, wanted: readonly NegativeOutput[]): FormulaSource {
  return formulaSource(NEGATIVE_INPUTS, loss.sampleValueNames, (ops, inputs, sample) => {
    const all = negativeOutputs(ops, loss, inputs, sample);
    return Object.fromEntries(wanted.map((name) => [name, all[name]!]));
  });
}

function negativeOutputs(
  ops: TensorOps<Node, Node>,
  loss: MarginLoss,
  inputs: Readonly<Record<NegativeInput, Node>>,
  sample: Readonly<Record<string, Node>>,
): Readonly<Record<NegativeOutput, Node>> {
  const { cos, pivot, scale } = inputs;
  const { value, dCos, sums, logit, gradient } = pairOutputs(ops, loss, inputs, sample);
  const slope = ops.mul(ops.mul(scale, gradient), dCos);
  return {
    value,
    dCos,
    hard: hardMask(ops, cos, pivot),
    emphasised: emphasisedMask(ops, loss, value, cos, pivot, sample),
    logit,
    gradient,
    slope,
    bias: biasSlope(ops, loss.objective, { gradient, slope }),
    radial: ops.mul(gradient, value),
    ...Object.fromEntries(Object.entries(sums).map(([name, term]) => [`sum of ${name}`, term])),
  };
}

type PairOutputs = Readonly<Record<'value' | 'dCos' | 'logit' | 'gradient', Node>> & {
  readonly sums: Readonly<Record<string, Node>>;
};

function pairOutputs(
  ops: TensorOps<Node, Node>,
  loss: MarginLoss,
  { cos, classBias, pivot, scale, shift, factor, share }: Readonly<Record<NegativeInput, Node>>,
  sample: Readonly<Record<string, Node>>,
): PairOutputs {
  const { objective } = loss;
  if (objective.kind === 'binary') {
    const bias = biasPlace(loss) === 'logit' ? classBias : undefined;
    const pair = binaryTerms(ops, objective, loss.negative(ops, cos, pivot, sample), scale, bias);
    return { ...pair, gradient: ops.mul(factor, pair.dLogit), sums: { loss: pair.loss } };
  }
  const negative = negativeTerms(ops, loss, cos, pivot, sample);
  const logit = ops.mul(scale, negative.value);
  const raised = ops.mul(factor, ops.exp(ops.sub(logit, shift)));
  return { ...negative, logit, gradient: objective.labelSmoothing > 0 ? ops.sub(raised, share) : raised };
}

/** Names of the values of a sample that the target's formula reads: those of `prepare`, then those of sums over the negatives. */
export function targetValueNames({
  sampleValueNames,
  negativeSums,
}: Pick<MarginLoss, 'sampleValueNames' | 'negativeSums'>): readonly string[] {
  if (negativeSums === undefined) return sampleValueNames;
  const none = Object.fromEntries(negativeSums.names.map((name) => [name, 0]));
  return [...sampleValueNames, ...Object.keys(negativeSums.sampleValues(numberOps, none))];
}

/** Reads `loss.target` into source over `cos`, `sin` and `norm`, and the values of {@link targetValueNames}. */
export function targetSource(loss: MarginLoss, wanted: TargetOutput): FormulaSource {
  return formulaSource(['cos', 'sin', 'norm'], targetValueNames(loss), (ops, point, sample) => ({
    [wanted]: loss.target(ops, point, sample)[wanted],
  }));
}

type Formula<Input extends string> = (
  ops: TensorOps<Node, Node>,
  inputs: Readonly<Record<Input, Node>>,
  sample: Readonly<Record<string, Node>>,
) => Readonly<Record<string, Node>>;

function formulaSource<Input extends string>(
  names: readonly Input[],
  valueNames: readonly string[],
  formula: Formula<Input>,
): FormulaSource {
  const renamed = valueNames.map((_, index) => `sample${index}`);
  const traced = traceFormula<string>([...names, ...renamed], (ops, inputs) =>
    formula(
      accurateOps(ops),
      inputs as Readonly<Record<Input, Node>>,
      Object.fromEntries(valueNames.map((name, index) => [name, inputs[renamed[index]!]!])),
    ),
  );
  const { lines, outputs } = toJavaScript(traced);
  const read = new Set(traced.steps.flatMap((step) => (step.op === 'input' ? [step.name] : [])));
  const sampleValues = renamed.map((name, index) => ({ name, index })).filter(({ name }) => read.has(name));
  return {
    inputs: names.filter((name) => read.has(name)),
    sampleValues,
    lines: withAccurateLines(lines),
    outputs,
  };
}
