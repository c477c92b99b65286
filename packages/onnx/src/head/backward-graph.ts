import type { MarginLoss } from '@cf/core';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Model } from '../model/model.ts';
import { inverseNorms } from './forward-graph.ts';

/**
 * Pass 2 over one tile of n classes, as a graph: what pass 1 kept of it, weighted a sample.
 *
 * Inputs: `x` [B, d], row i times factor_i = (row scale)·dNll_i·e^{shift_i}/Σ_j e^{z_ij}; `factor` [B, 1], only where
 * there is a bias; `w` [n, d], `norms` [n, 1], `slopes` [B, n] as pass 1 gives them, and `before` [B, d].
 *
 * Outputs: `after` [B, d] = before + Σ_j e_ij·N′_ij·ŵ_j, to be multiplied with the factors and made tangential once all
 * tiles are in; `grad_w` [n, d] = ∂L/∂W of the tile, tangential already; and `grad_bias` [1, n] for losses with a bias.
 */
export function backwardGraph(loss: MarginLoss): Model {
  const builder = new GraphBuilder({ name: `${loss.name} pass 2` });
  for (const name of ['x', 'before']) builder.input(name, 'float32', ['B', 'd']);
  builder.input('w', 'float32', ['n', 'd']);
  builder.input('slopes', 'float32', ['B', 'n']);

  builder.op('Gemm', ['slopes', 'w', 'before'], {}, { outputs: ['after'] });
  builder.output('after', 'float32', ['B', 'd']);

  const transposed = { transA: { int: 1 } };
  if (loss.geometry === 'inner') builder.op('Gemm', ['slopes', 'x'], transposed, { outputs: ['grad_w'] });
  else tangential(builder, builder.op('Gemm', ['slopes', 'x'], transposed));
  builder.output('grad_w', 'float32', ['n', 'd']);
  if (loss.bias) {
    builder.input('factor', 'float32', ['B', 1]);
    builder.op('Gemm', ['factor', 'slopes'], transposed, { outputs: ['grad_bias'] });
    builder.output('grad_bias', 'float32', [1, 'n']);
  }
  return builder.build();
}

/** ∂w − (∂w·ŵ)·ŵ, row by row. */
function tangential(builder: GraphBuilder, gradient: string): void {
  builder.input('norms', 'float32', ['n', 1]);
  const axes = builder.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(1n) });
  const along = builder.op('ReduceSum', [builder.op('Mul', [gradient, 'w']), axes]);
  const inverse = inverseNorms(builder, 'norms');
  // Twice, not squared: the square of the inverse of a short vector overflows.
  const radial = builder.op('Mul', [builder.op('Mul', [along, inverse]), inverse]);
  builder.op('Sub', [gradient, builder.op('Mul', ['w', radial])], {}, { outputs: ['grad_w'] });
}
