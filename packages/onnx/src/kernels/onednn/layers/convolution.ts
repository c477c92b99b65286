import { intAttribute, stringAttribute } from '../../../model/attributes.ts';
import { toldWindow } from '../../../shapes/window-shape.ts';
import { ARG, type ConvolutionLayouts, type PrimitiveDescription, type Window } from '../api.ts';
import type { Layer, LayerRule } from '../layer.ts';
import type { Value } from '../storage.ts';
import { runWeighted } from './weighted.ts';

/** Conv, dense, grouped or depthwise, over one to three axes. */
export const convolution: LayerRule = {
  refusal: ({ node, rank }) => {
    const axes = rank(0);
    if (axes !== undefined && (axes < 3 || axes > 5)) return 'inputs [N, C] and one to three axes';
    const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
    return mode === 'NOTSET' || mode === 'VALID' ? undefined : 'paddings that are told';
  },
  write: (layer) => {
    const { api, program } = layer;
    const window = windowOf(layer);
    const weightDims = grouped(layer);
    const x = layer.input(0);
    const weights = program.view(program.rowMajor(layer.input(1)), weightDims);
    const bias = layer.has(2) ? program.rowMajor(layer.input(2)) : undefined;
    const any = {
      ...window,
      source: api.any(x.dims),
      weights: api.any(weightDims),
      bias: bias?.layout,
      destination: api.any(layer.outputDims),
    };
    const forward = api.convolution(any);
    const { read, y } = runWeighted(layer, forward, { x, weights, bias });
    layer.output(y);
    layer.onBackward((gradient) => {
      const chain: ConvolutionLayouts = { ...any, source: read.layout, destination: y.layout };
      const dy = program.as(gradient, y.layout);
      if (layer.flowsTo(0))
        layer.gradient(0, inputGradient(layer, chain, { forward, weights, dy, dims: x.dims }));
      if (layer.flowsTo(1) || layer.flowsTo(2)) weightGradients(layer, chain, { forward, read, dy });
    });
  },
};

function inputGradient(
  { api, program }: Layer,
  chain: ConvolutionLayouts,
  of: {
    readonly forward: PrimitiveDescription;
    readonly weights: Value;
    readonly dy: Value;
    readonly dims: readonly number[];
  },
): Value {
  const description = api.convolutionInput(chain, of.forward);
  const dx = program.value(chain.source, of.dims);
  program.run(description, [
    [ARG.sourceGradient, dx],
    [ARG.weights, program.as(of.weights, api.layoutOf(description, ARG.weights)!)],
    [ARG.destinationGradient, of.dy],
  ]);
  return dx;
}

function weightGradients(
  layer: Layer,
  chain: ConvolutionLayouts,
  { forward, read, dy }: { readonly forward: PrimitiveDescription; readonly read: Value; readonly dy: Value },
): void {
  const { api, program } = layer;
  const description = api.convolutionWeights(chain, forward);
  const weights = program.value(api.layoutOf(description, ARG.weightsGradient)!, grouped(layer));
  const bias = chain.bias && program.value(chain.bias, layer.dims(2));
  program.run(description, [
    [ARG.source, program.again(read)],
    [ARG.weightsGradient, weights],
    [ARG.biasGradient, bias],
    [ARG.destinationGradient, dy],
  ]);
  if (layer.flowsTo(1)) layer.gradient(1, weights);
  if (bias !== undefined && layer.flowsTo(2)) layer.gradient(2, bias);
}

/** Sizes of the weights as oneDNN takes them: [groups, to / groups, from / groups, …] where there are several. */
function grouped({ node, dims }: Layer): readonly number[] {
  const groups = intAttribute(node, 'group', 1);
  const [to, ...others] = dims(1) as readonly [number, ...number[]];
  return groups === 1 ? [to, ...others] : [groups, to / groups, ...others];
}

function windowOf({ node, dims }: Layer): Window {
  const { strides, dilations, padsBegin, padsEnd } = toldWindow(node, dims(1).slice(2));
  return { strides, dilations: dilations.map((dilation) => dilation - 1), padding: [padsBegin, padsEnd] };
}
