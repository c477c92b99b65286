import { COSINE_BOUND, type MarginLoss, NORM_FLOOR } from '@cf/core';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { type FormulaValue, formulaNodes, named, scalar } from '../formula/formula-nodes.ts';
import { clampsCosine, sampleValuesRead, traceNegative } from '../formula/negatives-formula.ts';
import type { Model } from '../model/model.ts';
import { hardNegativeNodes } from './hard-negative-nodes.ts';

/** What a sample's own logit is set to where only its negatives count: e to it is 0, and it is no NaN's parent. */
export const NO_LOGIT = -3e38;

/** What pass 1 is asked for besides the log-sum-exp. */
export interface ForwardParts {
  /** Slopes and products that pass 2 needs. */
  readonly keep: boolean;
  /** Count the hard negatives. */
  readonly count: boolean;
  /** The logits and their softmax, for tests and pictures. */
  readonly inspect: boolean;
}

/**
 * Pass 1 over one tile of n classes, as a graph.
 *
 * Inputs: `x` [B, d] (unit rows unless the geometry is `inner`), `w` [n, d] as it is, `bias` [1, n], `pivot` [B, 1],
 * `sample_…` [B, 1], `logit_scale` [B, 1], `shift` [B, 1], `own` [k, 2] (positions of the
 * samples' own classes in the tile) and `own_logit` [k].
 *
 * Outputs, with e_ij = e^{z_ij − shift_i} for the negatives and 0 for a sample's own class: `sum` [B, 1] = Σ_j e_ij;
 * `norms` [n, 1]; `radial` [B, 1] = Σ_j e_ij·N_ij (`norm-scaled`); with `keep`, `slopes` [B, n] = e_ij·N′_ij/‖w_j‖.
 */
export function forwardGraph(loss: MarginLoss, parts: ForwardParts): Model {
  const builder = new GraphBuilder({ name: `${loss.name} pass 1` });
  const { inverse, cos } = products(builder, loss);
  const { value, dCos } = otherNodes(builder, loss, cos);
  const logits = ownLeftOut(builder, scaled(builder, value));
  const shifted = builder.op('Sub', [logits, builder.input('shift', 'float32', ['B', 1])]);
  const exp = builder.op('Exp', [shifted], {}, { outputs: ['exponentials'] });
  rowSum(builder, exp, 'sum');
  if (loss.geometry === 'norm-scaled') rowSum(builder, times(builder, exp, value), 'radial');
  if (parts.keep) {
    const slopes = times(builder, exp, dCos);
    if (inverse === undefined) builder.op('Identity', [slopes], {}, { outputs: ['slopes'] });
    else builder.op('Mul', [slopes, inverse], {}, { outputs: ['slopes'] });
    builder.output('slopes', 'float32', ['B', 'n']);
  }
  if (parts.count) hardNegativeNodes(builder, { cos, value, dCos, logits });
  if (parts.inspect) {
    builder.op('Identity', [logits], {}, { outputs: ['logits'] });
    builder.output('logits', 'float32', ['B', 'n']);
    builder.output('exponentials', 'float32', ['B', 'n']);
  }
  return builder.build();
}

/** The largest logit of each sample's negatives in a tile, `peak` [B, 1]: what pass 1 is shifted by. Inputs as there. */
export function peakGraph(loss: MarginLoss): Model {
  const builder = new GraphBuilder({ name: `${loss.name} peaks` });
  const { cos } = products(builder, loss);
  const { value } = otherNodes(builder, loss, cos);
  const logits = ownLeftOut(builder, scaled(builder, value));
  builder.op('ReduceMax', [logits], { axes: { ints: [1] }, keepdims: { int: 1 } }, { outputs: ['peak'] });
  builder.output('peak', 'float32', ['B', 1]);
  return builder.build();
}

/** The products alone: `products` [B, n] = x·w, with the bias where there is one, and `norms` [n, 1]. */
export function productGraph(loss: MarginLoss): Model {
  const builder = new GraphBuilder({ name: `${loss.name} products` });
  productNodes(builder, loss, { outputs: ['products'] });
  builder.output('products', 'float32', ['B', 'n']);
  return builder.build();
}

function products(builder: GraphBuilder, loss: MarginLoss): { inverse: string | undefined; cos: string } {
  const product = productNodes(builder, loss);
  if (loss.geometry === 'inner') return { inverse: undefined, cos: product };
  const inverse = asRow(builder, inverseNorms(builder, 'norms'));
  const cos = builder.op('Mul', [product, inverse]);
  if (!clampsCosine(loss)) return { inverse, cos };
  const [low, high] = [scalar(builder, -COSINE_BOUND), scalar(builder, COSINE_BOUND)];
  return { inverse, cos: builder.op('Clip', [cos, low, high]) };
}

function productNodes(
  builder: GraphBuilder,
  loss: MarginLoss,
  names: { readonly outputs?: readonly string[] } = {},
): string {
  builder.input('x', 'float32', ['B', 'd']);
  builder.input('w', 'float32', ['n', 'd']);
  builder.op('ReduceL2', ['w'], { axes: { ints: [1] }, keepdims: { int: 1 } }, { outputs: ['norms'] });
  builder.output('norms', 'float32', ['n', 1]);
  const operands = loss.bias ? ['x', 'w', builder.input('bias', 'float32', [1, 'n'])] : ['x', 'w'];
  return builder.op('Gemm', operands, { transB: { int: 1 } }, names);
}

/** 1/‖w‖, and 0 for a zero vector: [n, 1]. */
export function inverseNorms(builder: GraphBuilder, norms: string): string {
  const long = builder.op('Greater', [norms, scalar(builder, NORM_FLOOR)]);
  return builder.op('Where', [long, builder.op('Reciprocal', [norms]), scalar(builder, 0)]);
}

/** [n, 1] as [1, n]. */
function asRow(builder: GraphBuilder, column: string): string {
  const shape = builder.constant({ type: 'int64', dims: [2], data: BigInt64Array.of(1n, -1n) });
  return builder.op('Reshape', [column, shape]);
}

function otherNodes(
  builder: GraphBuilder,
  loss: MarginLoss,
  cos: string,
): Readonly<Record<'value' | 'dCos', FormulaValue>> {
  const inputs: Record<string, string> = { cos, pivot: builder.input('pivot', 'float32', ['B', 1]) };
  for (const name of sampleValuesRead(loss))
    inputs[name] = builder.input(`sample_${name}`, 'float32', ['B', 1]);
  return formulaNodes(builder, traceNegative(loss), inputs, ['value', 'dCos']);
}

function scaled(builder: GraphBuilder, value: FormulaValue): string {
  return builder.op('Mul', [named(builder, value), builder.input('logit_scale', 'float32', ['B', 1])]);
}

function ownLeftOut(builder: GraphBuilder, logits: string): string {
  builder.input('own', 'int64', ['k', 2]);
  builder.input('own_logit', 'float32', ['k']);
  return builder.op('ScatterND', [logits, 'own', 'own_logit']);
}

function rowSum(builder: GraphBuilder, terms: string, output: string): void {
  const axes = builder.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(1n) });
  builder.op('ReduceSum', [terms, axes], {}, { outputs: [output] });
  builder.output(output, 'float32', ['B', 1]);
}

function times(builder: GraphBuilder, name: string, factor: FormulaValue): string {
  if ('constant' in factor && factor.constant === 1) return name;
  return builder.op('Mul', [name, named(builder, factor)]);
}
