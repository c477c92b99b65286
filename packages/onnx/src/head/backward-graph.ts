import type { MarginLoss } from '@cf/core';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Model } from '../model/model.ts';
import { inverseNorms } from './forward-graph.ts';

/**
 * Pass 2 over one tile of n classes, as a graph: what pass 1 kept of it, weighted a sample.
 *
 * Inputs: `x` [B, d], `w` [n, d], `norms` [n, 1], `slopes` and `along` [B, n] as pass 1 gives them, `factor` [B, 1]
 * = (row scale)·dNll_i·(the tile's share of sample i's probability), and `before` [B, d].
 *
 * Outputs: `after` [B, d] = before + Σ_j factor_i·p_ij·N′_ij·ŵ_j, to be made tangential once all tiles are in;
 * `grad_w` [n, d] = ∂L/∂W of the tile, tangential already: Σ_i factor_i·p_ij·N′_ij·(x̂_i − cos θ_ij·ŵ_j)/‖w_j‖, since
 * ŵ_j·∂ŵ_j = Σ_i factor_i·p_ij·N′_ij·cos θ_ij; and `grad_bias` [1, n] for losses with a bias.
 */
export function backwardGraph(loss: MarginLoss): Model {
  const builder = new GraphBuilder({ name: `${loss.name} pass 2` });
  const onSphere = loss.geometry !== 'inner';
  for (const name of ['x', 'before']) builder.input(name, 'float32', ['B', 'd']);
  builder.input('w', 'float32', ['n', 'd']);
  builder.input('factor', 'float32', ['B', 1]);
  builder.input('slopes', 'float32', ['B', 'n']);

  const embeddings = builder.op('Mul', [builder.op('Gemm', ['slopes', 'w']), 'factor']);
  builder.op('Add', ['before', embeddings], {}, { outputs: ['after'] });
  builder.output('after', 'float32', ['B', 'd']);

  const operands = ['slopes', builder.op('Mul', ['x', 'factor'])];
  if (onSphere) operands.push(radialPart(builder));
  const attributes = { transA: { int: 1 }, ...(onSphere ? { beta: { float: -1 } } : {}) };
  builder.op('Gemm', operands, attributes, { outputs: ['grad_w'] });
  builder.output('grad_w', 'float32', ['n', 'd']);
  if (loss.bias) {
    builder.op('Gemm', ['factor', 'slopes'], { transA: { int: 1 } }, { outputs: ['grad_bias'] });
    builder.output('grad_bias', 'float32', [1, 'n']);
  }
  return builder.build();
}

/** (ŵ_j·∂ŵ_j/‖w_j‖)·ŵ_j: [n, d]. `along` has one of the two 1/‖w_j‖ in it already. */
function radialPart(builder: GraphBuilder): string {
  builder.input('along', 'float32', ['B', 'n']);
  builder.input('norms', 'float32', ['n', 1]);
  const along = builder.op('Gemm', ['along', 'factor'], { transA: { int: 1 } });
  const asColumn = builder.constant({ type: 'int64', dims: [2], data: BigInt64Array.of(-1n, 1n) });
  const inverse = builder.op('Reshape', [inverseNorms(builder, 'norms'), asColumn]);
  return builder.op('Mul', ['w', builder.op('Mul', [along, inverse])]);
}
