import type { MarginLoss } from '@cf/core';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { biasInProduct } from '../formula/negatives-formula.ts';
import { int64List } from '../model/integers.ts';
import type { Model } from '../model/model.ts';
import { inverseNorms } from './cosine-nodes.ts';

/**
 * The gradients of one tile of n classes, as a graph: its slopes, weighted a sample.
 *
 * Inputs: `x` [B, d], row i times factor_i = (row scale)·∂loss/∂ℓ_i·(∂ℓ_i/∂z_ij)/e_ij; `factor` [B, 1], only where a bias is
 * in the products; `w` [n·K, d], `norms` [n·K, 1], `slopes` [B, n·K] as the forward graph gives them, and `before` [B, d]. Where
 * it is known what the gradient of a row has along it, in the place of the norms `pull` [n·K, 1]: what multiple of the row
 * takes it off.
 *
 * Outputs: `after` [B, d] = before + Σ_j e_ij·N′_ij·ŵ_j, to be multiplied with the factors and made tangential once all
 * tiles are in; `grad_w` [n·K, d] = ∂L/∂W of the tile, tangential already; and `grad_bias` [1, n] where there is `factor`.
 */
export function backwardGraph(loss: MarginLoss, subCenters: number, alongKnown: boolean): Model {
  const builder = new GraphBuilder({ name: `${loss.name} gradients` });
  for (const name of ['x', 'before']) builder.input(name, 'float32', ['B', 'd']);
  builder.input('w', 'float32', ['rows', 'd']);
  builder.input('slopes', 'float32', ['B', 'rows']);

  builder.op('Gemm', ['slopes', 'w', 'before'], {}, { outputs: ['after'] });
  builder.output('after', 'float32', ['B', 'd']);

  const transposed = { transA: { int: 1 } };
  if (loss.geometry === 'inner') builder.op('Gemm', ['slopes', 'x'], transposed, { outputs: ['grad_w'] });
  else if (alongKnown) {
    const radial = builder.op('Mul', ['w', builder.input('pull', 'float32', ['rows', 1])]);
    builder.op('Gemm', ['slopes', 'x', radial], transposed, { outputs: ['grad_w'] });
  } else tangential(builder, builder.op('Gemm', ['slopes', 'x'], transposed));
  builder.output('grad_w', 'float32', ['rows', 'd']);
  if (biasInProduct(loss)) {
    builder.input('factor', 'float32', ['B', 1]);
    const ofRows = builder.op('Gemm', ['factor', 'slopes'], transposed);
    // A class has one bias, whichever of its centers is the nearest: [1, n, K] to [1, n].
    const shape = builder.constant(int64List([1, -1, subCenters]));
    const byClass = builder.op('Reshape', [ofRows, shape]);
    const axes = builder.constant(int64List([2]));
    builder.op('ReduceSum', [byClass, axes], { keepdims: { int: 0 } }, { outputs: ['grad_bias'] });
    builder.output('grad_bias', 'float32', [1, 'n']);
  }
  return builder.build();
}

/** ∂w − (∂w·ŵ)·ŵ, row by row. */
function tangential(builder: GraphBuilder, gradient: string): void {
  builder.input('norms', 'float32', ['rows', 1]);
  const axes = builder.constant(int64List([1]));
  const along = builder.op('ReduceSum', [builder.op('Mul', [gradient, 'w']), axes]);
  const inverse = inverseNorms(builder, 'norms');
  // Twice, not squared: the square of the inverse of a short vector overflows.
  const radial = builder.op('Mul', [builder.op('Mul', [along, inverse]), inverse]);
  builder.op('Sub', [gradient, builder.op('Mul', ['w', radial])], {}, { outputs: ['grad_w'] });
}
