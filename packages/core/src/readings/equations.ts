import type { MarginLoss } from '../losses/margin-loss.ts';
import type { BatchOps, TensorOps } from '../ops/tensor-ops.ts';
import { type Latex, latexOps, latexWithDefinitions, symbol } from './latex.ts';

/** A loss's formulas as TeX, printed by the formulas themselves. */
export interface LossEquations {
  /** T(cos θ_y). */
  readonly target: string;
  /** ∂T/∂cos θ_y. */
  readonly targetSlope: string;
  /** ∂T/∂‖x‖ through the margin. */
  readonly normSlope: string;
  /** What negatives are compared with. */
  readonly pivot: string;
  /** N(cos θ_j). */
  readonly negative: string;
  /** ∂N/∂cos θ_j. */
  readonly negativeSlope: string;
  /** What the symbols in the formulas stand for, such as φ = cos(θ + m). */
  readonly definitions: ReadonlyMap<string, string>;
  /** Undefined where the loss has none. */
  readonly regulariser: string | undefined;
  /** The loss of a sample by its logits z, where that is another than the cross-entropy of one softmax. */
  readonly objective: string | undefined;
}

/** How papers write the sample values. */
const SAMPLE_SYMBOLS: Readonly<Record<string, string>> = {
  t: 't',
  lambda: '\\lambda',
  margin: 'E',
  cosShift: '\\cos g',
  sinShift: '\\sin g',
  cosLow: 'c_{low}',
  cosHigh: 'c_{high}',
  drop: 'g_{add}',
};

/** Prints a loss's formulas. */
export function lossEquations(loss: MarginLoss): LossEquations {
  const [y, j] = loss.geometry === 'inner' ? ['z_y', 'z_j'] : ['\\cos\\theta_y', '\\cos\\theta_j'];
  const norm = symbol('\\lVert x \\rVert');
  const sample: Record<string, Latex> = {};
  for (const name of loss.sampleValueNames) sample[name] = symbol(symbolOf(loss, name));
  const { ops, definitions } = latexWithDefinitions();
  const sums = Object.fromEntries((loss.negativeSums?.names ?? []).map((name) => [name, symbol(name)]));
  const ofSums = Object.keys(loss.negativeSums?.sampleValues(latexOps, sums) ?? {});
  const known = { ...sample, ...Object.fromEntries(ofSums.map((name) => [name, symbol(name)])) };
  const target = loss.target(ops, { cos: symbol(y!), sin: symbol('\\sin\\theta_y'), norm }, known);
  const negative = loss.negative(ops, symbol(j!), target.pivot, sample);
  defineSums(loss, ops, symbol(j!), target.pivot, sample);
  return {
    target: target.value.text,
    targetSlope: target.dCos.text,
    normSlope: target.dNorm.text,
    pivot: target.pivot.text,
    negative: negative.value.text,
    negativeSlope: negative.dCos.text,
    definitions,
    regulariser: loss.regulariser?.(ops, norm).value.text,
    objective: objectiveOf(loss),
  };
}

function symbolOf(loss: MarginLoss, name: string): string {
  return Object.hasOwn(loss.classValues, name) ? 'm_y' : (SAMPLE_SYMBOLS[name] ?? name);
}

/** Says what the sample values stand for that come from sums over the negatives. */
function defineSums(
  { negativeSums }: MarginLoss,
  ops: TensorOps<Latex, Latex>,
  cos: Latex,
  pivot: Latex,
  sample: Readonly<Record<string, Latex>>,
): void {
  if (negativeSums === undefined) return;
  const terms = Object.entries(negativeSums.terms(latexOps, cos, pivot, sample));
  const sums = Object.fromEntries(terms.map(([name, term]) => [name, overNegatives(term)]));
  for (const [name, value] of Object.entries(negativeSums.sampleValues(latexOps, sums)))
    ops.named?.(value, name);
}

const overNegatives = ({ text, binding }: Latex): Latex => ({
  text: `\\sum_{j \\ne y} ${binding === 0 ? `\\left(${text}\\right)` : text}`,
  binding: 1,
});

/** ℓ of a sample by its logits, which are s·T and s·N with the bias where there is one. */
function objectiveOf({ objective }: MarginLoss): string | undefined {
  if (objective.kind === 'softmax' && objective.labelSmoothing === 0) return undefined;
  const logit = symbol('z_j');
  const sums =
    objective.kind === 'binary'
      ? { loss: overNegatives(objective.ofNegative(latexOps, logit).loss) }
      : objective.sums({ value: logit });
  const sample = objective.ofSample(latexOps, {
    targetLogit: symbol('z_y'),
    negatives: { max: symbol('0'), sum: symbol('\\Sigma') },
    sums: objective.kind === 'binary' ? sums : { negatives: overNegatives(logit) },
    logitScale: latexOps.constant(1),
    classes: symbol('C'),
  });
  return sample.nll.text;
}

/** The formulas of a weighting of samples, as TeX. */
export interface WeightingEquations {
  /** L_i. */
  readonly losses: string;
  /** ∂L/∂nll_i. */
  readonly slope: string;
}

/** Statistics over the batch, as papers write them. */
const latexBatchOps: BatchOps<Latex, Latex> = {
  ...latexOps,
  sum: (values) => ({ text: `\\sum_i ${values.text}`, binding: 0 }),
  count: () => symbol('B'),
  argsort: (values, direction) => symbol(`\\text{argsort}_{${direction}}\\left(${values.text}\\right)`),
  gather: (values, indices) => symbol(`${values.text}_{\\left[${indices.text}\\right]}`),
  sumOfClass: (values) => ({ text: `\\sum_{k: y_k = y_i} ${values.text}`, binding: 0 }),
};

/** Prints G of a loss. */
export function weightingEquations({ weighting }: MarginLoss): WeightingEquations {
  const state: Record<string, Latex> = {};
  for (const name of Object.keys(weighting.initialValues))
    state[name] = symbol(name === 'pace' ? '\\lambda' : name);
  const samples = { nll: symbol('\\ell_i'), sampleWeights: symbol('w_i') };
  const reduced = weighting.reduce(latexBatchOps, samples, state, 'train');
  return { losses: reduced.losses.text, slope: reduced.dNll.text };
}
