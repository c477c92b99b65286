import { isStandardDomain, type Node } from '../../model/model.ts';
import type { LayerRule } from './layer.ts';
import { arithmetic } from './layers/arithmetic.ts';
import { batchNormalization } from './layers/batch-normalization.ts';
import { convolution } from './layers/convolution.ts';
import { activations } from './layers/elementwise.ts';
import { concat, slice, split, transpose } from './layers/parts.ts';
import { globalAveragePool, globalMaxPool, pool, spatialMean } from './layers/pooling.ts';
import { prelu } from './layers/prelu.ts';
import { product } from './layers/product.ts';
import { identity, reshaping } from './layers/reshaping.ts';

const RULES: ReadonlyMap<string, LayerRule> = new Map(
  Object.entries({
    ...activations,
    Conv: convolution,
    BatchNormalization: batchNormalization,
    PRelu: prelu,
    Add: arithmetic('add'),
    Sub: arithmetic('sub'),
    Mul: arithmetic('mul'),
    Div: arithmetic('div'),
    MaxPool: pool,
    AveragePool: pool,
    GlobalAveragePool: globalAveragePool,
    GlobalMaxPool: globalMaxPool,
    ReduceMean: spatialMean,
    Gemm: product,
    MatMul: product,
    Concat: concat,
    Split: split,
    Slice: slice,
    Transpose: transpose,
    Flatten: reshaping,
    Reshape: reshaping,
    Squeeze: reshaping,
    Unsqueeze: reshaping,
    Identity: identity,
  }),
);

/** How a node is written; `undefined` where it is not known here. */
export function layerRule({ opType, domain }: Pick<Node, 'opType' | 'domain'>): LayerRule | undefined {
  return isStandardDomain(domain) ? RULES.get(opType) : undefined;
}
