import { COSINE_BOUND, type MarginLoss, NORM_FLOOR } from '@cf/core';
import type { GraphBuilder } from '../builder/graph-builder.ts';
import { biasInProduct, clampsCosine } from '../formula/negatives-formula.ts';
import { scalar } from '../formula/scalar.ts';
import { int64List } from '../model/integers.ts';

/** Cosines of a batch with the n classes of a tile, and the way back to their n·K rows. */
export interface CosineNodes {
  /** Cosines, or inner products with their bias, of sub-centers the largest: [B, n]. */
  readonly cos: string;
  /** From ∂/∂cos θ to ∂/∂(x·w): divided by ‖w‖, and 0 for all but the nearest sub-center; [B, n] to [B, n·K]. */
  slopes(ofClasses: string, names?: { readonly outputs?: readonly string[] }): string;
}

/** Inputs as of the forward graph; `norms` is an output. */
export function cosineNodes(builder: GraphBuilder, loss: MarginLoss, subCenters: number): CosineNodes {
  const product = productNodes(builder, loss, subCenters);
  const inverse = loss.geometry === 'inner' ? undefined : asRow(builder, inverseNorms(builder, 'norms'));
  const ofRows = inverse === undefined ? product : builder.op('Mul', [product, inverse]);
  const nearest = subCenters === 1 ? undefined : nearestNodes(builder, ofRows, subCenters);
  let cos = nearest === undefined ? ofRows : nearest.cos;
  if (nearest !== undefined && biasInProduct(loss)) cos = builder.op('Add', [cos, biasInput(builder)]);
  if (clampsCosine(loss)) {
    const [low, high] = [scalar(builder, -COSINE_BOUND), scalar(builder, COSINE_BOUND)];
    cos = builder.op('Clip', [cos, low, high]);
  }
  return {
    cos,
    slopes(ofClasses, names = {}) {
      const spread = nearest === undefined ? ofClasses : nearest.spread(ofClasses);
      return inverse === undefined
        ? builder.op('Identity', [spread], {}, names)
        : builder.op('Mul', [spread, inverse], {}, names);
    },
  };
}

/** x·w, with the bias where there is one and each class has one row: [B, n·K]; and the output `norms`: [n·K, 1]. */
export function productNodes(
  builder: GraphBuilder,
  loss: MarginLoss,
  subCenters: number,
  names: { readonly outputs?: readonly string[] } = {},
): string {
  builder.input('x', 'float32', ['B', 'd']);
  builder.input('w', 'float32', ['rows', 'd']);
  const added = biasInProduct(loss) && subCenters === 1 ? [biasInput(builder)] : [];
  const products = builder.op('Gemm', ['x', 'w', ...added], { transB: { int: 1 } }, names);
  // After the product, which fetches the rows while it computes: the sums of squares alone would wait for the memory.
  builder.op('ReduceL2', ['w'], { axes: { ints: [1] }, keepdims: { int: 1 } }, { outputs: ['norms'] });
  builder.output('norms', 'float32', ['rows', 1]);
  return products;
}

/** b of the tile's classes: [1, n]. */
export function biasInput(builder: GraphBuilder): string {
  return builder.input('bias', 'float32', [1, 'n']);
}

/** 1/‖w‖, and 0 for a zero vector: [n, 1]. */
export function inverseNorms(builder: GraphBuilder, norms: string): string {
  const long = builder.op('Greater', [norms, scalar(builder, NORM_FLOOR)]);
  return builder.op('Where', [long, builder.op('Reciprocal', [norms]), scalar(builder, 0)]);
}

/** The largest of each class's K, of equal ones the first. */
function nearestNodes(
  builder: GraphBuilder,
  ofRows: string,
  subCenters: number,
): { readonly cos: string; spread(ofClasses: string): string } {
  const shape = (...dims: number[]): string => builder.constant(int64List(dims));
  const byClass = builder.op('Reshape', [ofRows, shape(0, -1, subCenters)]);
  const cos = builder.op('ReduceMax', [byClass], { axes: { ints: [2] }, keepdims: { int: 0 } });
  return {
    cos,
    spread(ofClasses) {
      const first = builder.op('ArgMax', [byClass], { axis: { int: 2 }, keepdims: { int: 1 } });
      const winner = builder.op('Cast', [first], { to: { int: 1 } });
      const positions = Float32Array.from({ length: subCenters }, (_, k) => k);
      const all = builder.constant({ type: 'float32', dims: [1, 1, subCenters], data: positions });
      const values = builder.op('Unsqueeze', [ofClasses, shape(2)]);
      const won = builder.op('Equal', [winner, all]);
      const spread = builder.op('Where', [won, values, scalar(builder, 0)]);
      return builder.op('Reshape', [spread, shape(0, -1)]);
    },
  };
}

/** [n, 1] as [1, n]. */
function asRow(builder: GraphBuilder, column: string): string {
  return builder.op('Reshape', [column, builder.constant(int64List([1, -1]))]);
}
