import { floatAttribute, intAttribute } from '../../../model/attributes.ts';
import { sizeOf } from '../../../model/dims.ts';
import type { Node } from '../../../model/model.ts';
import { ARG } from '../api.ts';
import type { LayerRule, LayerUse } from '../layer.ts';
import { runWeighted } from './weighted.ts';

/** A product of rows with a matrix of weights: Gemm, and MatMul of two matrices. */
export const product: LayerRule = {
  refusal: ({ node, rank, sizes }: LayerUse) => {
    if (rank(0) !== 2 || rank(1) !== 2) return 'a product of two matrices';
    if (intAttribute(node, 'transA', 0) !== 0) return 'rows as they are (transA of 0)';
    if (floatAttribute(node, 'alpha', 1) !== 1 || floatAttribute(node, 'beta', 1) !== 1)
      return 'α and β of 1';
    if (
      sizes(2)
        ?.slice(0, -1)
        .some((size) => size !== 1)
    )
      return 'one bias a column';
    return undefined;
  },
  write: (layer) => {
    const { api, program, node } = layer;
    const x = layer.input(0);
    const [from, to] = [layer.dims(0)[1]!, layer.outputDims[1]!];
    const dims = [to, from];
    // Weights that stand the other way around are read by their strides.
    const strides = isTransposed(node) ? [from, 1] : [1, to];
    const given = layer.input(1);
    const weights = program.view(program.rowMajor(given), dims, strides);
    if (layer.has(2) && sizeOf(layer.dims(2)) !== to) throw layer.refused('one bias a column');
    const bias = layer.has(2) ? program.view(program.rowMajor(layer.input(2)), [to]) : undefined;
    const any = {
      source: api.any(x.dims),
      weights: api.any(dims),
      bias: bias?.layout,
      destination: api.any(layer.outputDims),
    };
    const forward = api.product(any);
    const { y } = runWeighted(layer, forward, { x, weights, bias });
    layer.output(y);
    layer.onBackward((gradient) => {
      if (layer.flowsTo(0)) {
        const description = api.productInput(any, forward);
        const dx = program.value(api.layoutOf(description, ARG.sourceGradient)!, x.dims);
        program.run(description, [
          [ARG.sourceGradient, dx],
          [ARG.weights, program.as(weights, api.layoutOf(description, ARG.weights)!)],
          [
            ARG.destinationGradient,
            program.as(gradient, api.layoutOf(description, ARG.destinationGradient)!),
          ],
        ]);
        layer.gradient(0, dx);
      }
      if (!layer.flowsTo(1) && !layer.flowsTo(2)) return;
      const description = api.productWeights(any, forward);
      const dw = program.value(api.layoutOf(description, ARG.weightsGradient)!, dims);
      const db = bias && program.value(bias.layout, [to]);
      program.run(description, [
        [ARG.source, program.as(program.again(x), api.layoutOf(description, ARG.source)!)],
        [ARG.weightsGradient, dw],
        [ARG.biasGradient, db],
        [ARG.destinationGradient, program.as(gradient, api.layoutOf(description, ARG.destinationGradient)!)],
      ]);
      if (db !== undefined && layer.flowsTo(2)) layer.gradient(2, program.view(db, layer.dims(2)));
      if (layer.flowsTo(1)) {
        if (isTransposed(node)) return layer.gradient(1, dw);
        const turned = program.as(dw, api.plain(dims, strides));
        layer.gradient(1, program.view(turned, layer.dims(1)));
      }
    });
  },
};

function isTransposed(node: Node): boolean {
  return intAttribute(node, 'transB', 0) === 1;
}
