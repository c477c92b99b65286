import type { MarginLoss } from '@cf/core';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { type FormulaValue, formulaNodes, named } from '../formula/formula-nodes.ts';
import {
  biasBesideLogit,
  EMPHASISED,
  hasSmoothing,
  negativeValues,
  sampleValuesRead,
  sumsOf,
  traceNegative,
} from '../formula/negatives-formula.ts';
import { scalar } from '../formula/scalar.ts';
import { int64List } from '../model/integers.ts';
import type { Model } from '../model/model.ts';
import { biasInput, type CosineNodes, cosineNodes, productNodes } from './cosine-nodes.ts';
import { hardNegativeNodes } from './hard-negative-nodes.ts';

/** What a sample's own logit is set to where only its negatives count: e to it is 0, and it is no NaN's parent. */
export const NO_LOGIT = -3e38;
/** No other logit is below. */
const LEAST_LOGIT = -1e38;

/** What is asked for besides the sums. */
export interface ForwardParts {
  /** Slopes that the backward graph needs. */
  readonly keep: boolean;
  /** Count the hard negatives. */
  readonly count: boolean;
  /** The logits and e_ij, for tests and pictures. */
  readonly inspect: boolean;
}

/**
 * One tile of n classes, as a graph: products and element-wise work.
 *
 * Inputs: `x` [B, d] (unit rows unless the geometry is `inner`), `w` [n·K, d] as it is, `bias` [1, n], `pivot` [B, 1],
 * `sample_…` [B, 1], `logit_scale` [B, 1], `own` [k, 2] (positions of the samples' own classes in the tile) and `own_logit`
 * [k]; of a softmax `shift` [B, 1], with label smoothing `share` [B, 1]; with `keep`, where a bias stands beside the logits,
 * `d_nll` [B, 1].
 *
 * Outputs, with e_ij of the negatives (`Partials`) and 0 for a sample's own class: `norms` [n·K, 1]; of a softmax `sum`
 * [B, 1] = Σ_j e^{z_ij − shift_i}; `radial` [B, 1] = Σ_j e_ij·N_ij (`norm-scaled`); `sum_…` [B, 1]; with `keep`, `slopes`
 * [B, n·K] = e_ij·N′_ij/‖w‖ and `grad_bias` [1, n].
 */
export function forwardGraph(loss: MarginLoss, subCenters: number, parts: ForwardParts): Model {
  const builder = new GraphBuilder({ name: `${loss.name} tile` });
  const cosines = cosineNodes(builder, loss, subCenters);
  const wanted = [...negativeValues(loss), ...(parts.count ? [EMPHASISED] : [])];
  const values = valueNodes(builder, loss, cosines.cos, wanted);
  const logits = ownLeftOut(builder, named(builder, values.logit!));
  const others = builder.op('Greater', [logits, scalar(builder, LEAST_LOGIT)]);
  const within = (terms: string): string => builder.op('Where', [others, terms, scalar(builder, 0)]);
  const partials =
    loss.objective.kind === 'softmax'
      ? exponentials(builder, loss, logits, within)
      : within(named(builder, values.dLogit!));
  if (loss.geometry === 'norm-scaled') rowSum(builder, times(builder, partials, values.value!), 'radial');
  for (const name of sumsOf(loss)) rowSum(builder, within(named(builder, values[name]!)), name);
  if (parts.keep) keptNodes(builder, loss, cosines, partials, values.dCos!);
  if (parts.count) {
    const [dCos, emphasised] = [values.dCos!, values[EMPHASISED]!];
    hardNegativeNodes(builder, { cos: cosines.cos, dCos, emphasised, others });
  }
  if (parts.inspect) {
    for (const [name, output] of Object.entries({ logits, partials })) {
      builder.op('Identity', [output], {}, { outputs: [name] });
      builder.output(name, 'float32', ['B', 'n']);
    }
  }
  return builder.build();
}

/** The largest logit of each sample's negatives in a tile, `peak` [B, 1]: what pass 1 is shifted by. Inputs as there. */
export function peakGraph(loss: MarginLoss, subCenters: number): Model {
  const builder = new GraphBuilder({ name: `${loss.name} peaks` });
  const { cos } = cosineNodes(builder, loss, subCenters);
  const { logit } = valueNodes(builder, loss, cos, ['logit']);
  const logits = ownLeftOut(builder, named(builder, logit!));
  builder.op('ReduceMax', [logits], { axes: { ints: [1] }, keepdims: { int: 1 } }, { outputs: ['peak'] });
  builder.output('peak', 'float32', ['B', 1]);
  return builder.build();
}

/** The products alone: `products` [B, n·K] = x·w, with the bias where each class has one row, and `norms` [n·K, 1]. */
export function productGraph(loss: MarginLoss, subCenters: number): Model {
  const builder = new GraphBuilder({ name: `${loss.name} products` });
  productNodes(builder, loss, subCenters, { outputs: ['products'] });
  builder.output('products', 'float32', ['B', 'rows']);
  return builder.build();
}

function valueNodes(
  builder: GraphBuilder,
  loss: MarginLoss,
  cos: string,
  values: readonly string[],
): Readonly<Record<string, FormulaValue>> {
  const column = (name: string): string => builder.input(name, 'float32', ['B', 1]);
  const inputs: Record<string, string> = { cos, pivot: column('pivot'), logit_scale: column('logit_scale') };
  if (biasBesideLogit(loss)) inputs.class_bias = biasInput(builder);
  for (const name of sampleValuesRead(loss)) inputs[name] = column(`sample_${name}`);
  return formulaNodes(builder, traceNegative(loss, values), inputs, values);
}

function ownLeftOut(builder: GraphBuilder, logits: string): string {
  builder.input('own', 'int64', ['k', 2]);
  builder.input('own_logit', 'float32', ['k']);
  return builder.op('ScatterND', [logits, 'own', 'own_logit']);
}

/** e^{z − shift} − share, and the sum before the share is taken off. */
function exponentials(
  builder: GraphBuilder,
  loss: MarginLoss,
  logits: string,
  within: (terms: string) => string,
): string {
  const shifted = builder.op('Sub', [logits, builder.input('shift', 'float32', ['B', 1])]);
  const exp = builder.op('Exp', [shifted]);
  rowSum(builder, exp, 'sum');
  if (!hasSmoothing(loss)) return exp;
  return within(builder.op('Sub', [exp, builder.input('share', 'float32', ['B', 1])]));
}

function keptNodes(
  builder: GraphBuilder,
  loss: MarginLoss,
  cosines: CosineNodes,
  partials: string,
  dCos: FormulaValue,
): void {
  cosines.slopes(times(builder, partials, dCos), { outputs: ['slopes'] });
  builder.output('slopes', 'float32', ['B', 'rows']);
  if (!biasBesideLogit(loss) || loss.objective.kind !== 'binary') return;
  const signed = { alpha: { float: loss.objective.biasSign }, transA: { int: 1 } };
  const dNll = builder.input('d_nll', 'float32', ['B', 1]);
  builder.op('Gemm', [dNll, partials], signed, { outputs: ['grad_bias'] });
  builder.output('grad_bias', 'float32', [1, 'n']);
}

function rowSum(builder: GraphBuilder, terms: string, output: string): void {
  const axes = builder.constant(int64List([1]));
  builder.op('ReduceSum', [terms, axes], {}, { outputs: [output] });
  builder.output(output, 'float32', ['B', 1]);
}

function times(builder: GraphBuilder, name: string, factor: FormulaValue): string {
  if ('constant' in factor && factor.constant === 1) return name;
  return builder.op('Mul', [name, named(builder, factor)]);
}
