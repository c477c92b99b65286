import { COSINE_BOUND, type MarginLoss, NORM_FLOOR, type OperationName, traceFormula } from '@cf/core';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Model } from '../model/model.ts';
import { type FormulaValue, formulaNodes, scalar } from './formula-nodes.ts';
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

/** Names of row values that a loss's formula for negatives reads. */
export function rowsRead(loss: MarginLoss): readonly string[] {
  const read = new Set(traceOther(loss).steps.flatMap((step) => (step.op === 'input' ? [step.name] : [])));
  return loss.rows.filter((row) => read.has(row));
}

/**
 * Pass 1 over one tile of n classes, as a graph.
 *
 * Inputs: `x` [B, d] (unit rows unless the geometry is `inner`), `w` [n, d] as it is, `bias` [1, n], `pivot` [B, 1],
 * `row_…` [B, 1], `row_scale` [B, 1] (‖x‖, geometry `norm-scaled`), `own` [k, 2] (positions of the samples' own
 * classes in the tile) and `own_logit` [k].
 *
 * Outputs: `tile_max` and `tile_peak` [B, 1], such that Σ_{j≠y} e^{z_ij} over the tile = e^{tile_max}/tile_peak;
 * `norms` [n, 1]; `radial` [B, 1] = Σ_j p_ij·N_ij (`norm-scaled`); with `keep`, `slopes` [B, n] = p_ij·N′_ij/‖w_j‖,
 * where p is the softmax over the tile's negatives.
 */
export function forwardGraph(loss: MarginLoss, parts: ForwardParts): Model {
  const builder = new GraphBuilder({ name: `${loss.name} pass 1` });
  const onSphere = loss.geometry !== 'inner';
  builder.input('x', 'float32', ['B', 'd']);
  builder.input('w', 'float32', ['n', 'd']);
  builder.op('ReduceL2', ['w'], { axes: { ints: [1] }, keepdims: { int: 1 } }, { outputs: ['norms'] });
  builder.output('norms', 'float32', ['n', 1]);
  const inverse = onSphere ? asRow(builder, inverseNorms(builder, 'norms')) : undefined;
  const cos = cosines(builder, loss, inverse);

  const { value, dCos } = otherNodes(builder, loss, cos);
  const logits = ownLeftOut(builder, scaled(builder, loss, value));
  const probability = builder.op('Softmax', [logits], { axis: { int: 1 } }, { outputs: ['p'] });
  const ofRow = { axes: { ints: [1] }, keepdims: { int: 1 } };
  builder.op('ReduceMax', [logits], ofRow, { outputs: ['tile_max'] });
  builder.op('ReduceMax', [probability], ofRow, { outputs: ['tile_peak'] });
  for (const name of ['tile_max', 'tile_peak']) builder.output(name, 'float32', ['B', 1]);
  if (loss.geometry === 'norm-scaled') radial(builder, probability, value);
  if (parts.keep) {
    const slopes = times(builder, probability, dCos);
    if (inverse === undefined) builder.op('Identity', [slopes], {}, { outputs: ['slopes'] });
    else builder.op('Mul', [slopes, inverse], {}, { outputs: ['slopes'] });
    builder.output('slopes', 'float32', ['B', 'n']);
  }
  if (parts.count) hardNegativeNodes(builder, { cos, value, dCos, logits });
  if (parts.inspect) {
    builder.op('Identity', [logits], {}, { outputs: ['logits'] });
    builder.output('logits', 'float32', ['B', 'n']);
    builder.output('p', 'float32', ['B', 'n']);
  }
  return builder.build();
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

function cosines(builder: GraphBuilder, loss: MarginLoss, inverse: string | undefined): string {
  if (inverse === undefined) {
    const operands = loss.bias ? ['x', 'w', builder.input('bias', 'float32', [1, 'n'])] : ['x', 'w'];
    return builder.op('Gemm', operands, { transB: { int: 1 } });
  }
  const cos = builder.op('Mul', [builder.op('Gemm', ['x', 'w'], { transB: { int: 1 } }), inverse]);
  if (isPolynomial(loss)) return cos;
  return builder.op('Clip', [cos, scalar(builder, -COSINE_BOUND), scalar(builder, COSINE_BOUND)]);
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
 * Whether N is piecewise a polynomial. A cosine that rounding carried past ±1 by an ulp then moves the logit by as
 * little as any other rounding, and nothing needs to be clamped.
 */
function isPolynomial(loss: MarginLoss): boolean {
  return traceOther(loss).steps.every(
    (step) => step.op === 'input' || step.op === 'constant' || POLYNOMIAL.has(step.op),
  );
}

function traceOther(loss: MarginLoss): ReturnType<typeof traceFormula> {
  return traceFormula(['cos', 'pivot', ...loss.rows], (ops, inputs) => {
    const { cos, pivot, ...row } = inputs as Record<string, Parameters<typeof ops.neg>[0]>;
    return { ...loss.other(ops, cos!, pivot!, row) };
  });
}

function otherNodes(
  builder: GraphBuilder,
  loss: MarginLoss,
  cos: string,
): Readonly<Record<'value' | 'dCos', FormulaValue>> {
  const inputs: Record<string, string> = { cos, pivot: builder.input('pivot', 'float32', ['B', 1]) };
  for (const row of rowsRead(loss)) inputs[row] = builder.input(`row_${row}`, 'float32', ['B', 1]);
  return formulaNodes(builder, traceOther(loss), inputs, ['value', 'dCos']);
}

function scaled(builder: GraphBuilder, loss: MarginLoss, value: FormulaValue): string {
  const name = named(builder, value);
  if (loss.geometry === 'norm-scaled')
    return builder.op('Mul', [name, builder.input('row_scale', 'float32', ['B', 1])]);
  return loss.scale === 1 ? name : builder.op('Mul', [name, scalar(builder, loss.scale)]);
}

function ownLeftOut(builder: GraphBuilder, logits: string): string {
  builder.input('own', 'int64', ['k', 2]);
  builder.input('own_logit', 'float32', ['k']);
  return builder.op('ScatterND', [logits, 'own', 'own_logit']);
}

function radial(builder: GraphBuilder, probability: string, value: FormulaValue): void {
  const axes = builder.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(1n) });
  builder.op('ReduceSum', [times(builder, probability, value), axes], {}, { outputs: ['radial'] });
  builder.output('radial', 'float32', ['B', 1]);
}

function times(builder: GraphBuilder, name: string, factor: FormulaValue): string {
  if ('constant' in factor && factor.constant === 1) return name;
  return builder.op('Mul', [name, named(builder, factor)]);
}

function named(builder: GraphBuilder, value: FormulaValue): string {
  return 'value' in value ? value.value : scalar(builder, value.constant);
}
