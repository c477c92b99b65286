import type { MarginLoss } from '../losses/margin-loss.ts';
import type { BatchOps } from '../ops/tensor-ops.ts';
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
  for (const name of loss.sampleValueNames) sample[name] = symbol(SAMPLE_SYMBOLS[name] ?? name);
  const { ops, definitions } = latexWithDefinitions();
  const target = loss.target(ops, { cos: symbol(y!), sin: symbol('\\sin\\theta_y'), norm }, sample);
  const negative = loss.negative(ops, symbol(j!), target.pivot, sample);
  return {
    target: target.value.text,
    targetSlope: target.dCos.text,
    normSlope: target.dNorm.text,
    pivot: target.pivot.text,
    negative: negative.value.text,
    negativeSlope: negative.dCos.text,
    definitions,
    regulariser: loss.regulariser?.(ops, norm).value.text,
  };
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
