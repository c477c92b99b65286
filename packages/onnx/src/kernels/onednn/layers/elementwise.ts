import { floatAttribute, stringAttribute } from '../../../model/attributes.ts';
import type { Node } from '../../../model/model.ts';
import { ARG, type Elementwise, type PrimitiveDescription } from '../api.ts';
import type { Layer, LayerRule } from '../layer.ts';
import type { Value } from '../storage.ts';

/** A function of each number of the first input. */
export function elementwise(functionOf: (node: Node) => Elementwise): LayerRule {
  return { write: (layer) => writeElementwise(layer, functionOf(layer.node)) };
}

/** y = f(x) for the first input, and ∂x = f′(x) · ∂y; on the way back `slope` says the function where it differs. */
export function writeElementwise(layer: Layer, how: Elementwise, slope: Elementwise = how): void {
  const { api, program } = layer;
  const x = layer.input(0);
  const forward = api.elementwise(how, x.layout);
  const y = program.value(x.layout, x.dims);
  const write = (source: Value, result: Value): Value => {
    program.run(forward, [
      [ARG.source, source],
      [ARG.destination, result],
    ]);
    return result;
  };
  layer.output(write(x, y));
  program.recipe(y, () => write(program.again(x), program.value(x.layout, x.dims)));
  layer.onBackward((gradient) =>
    layer.gradient(0, elementwiseGradient(layer, slope, { forward, x, gradient })),
  );
}

function elementwiseGradient(
  { api, program }: Layer,
  how: Elementwise,
  of: { readonly forward: PrimitiveDescription; readonly x: Value; readonly gradient: Value },
): Value {
  const { x } = of;
  const dy = program.as(of.gradient, x.layout);
  const dx = program.value(x.layout, x.dims);
  program.run(
    api.elementwiseGradient(how, x.layout, of.forward),
    [
      [ARG.source, program.again(x)],
      [ARG.destinationGradient, dy],
      [ARG.sourceGradient, dx],
    ],
    [dy, dx],
  );
  return dx;
}

/** Clip between constants: the gradient passes at the bounds too, as in PyTorch. */
export const clip: LayerRule = {
  refusal: ({ node, isConstant }) =>
    [1, 2].every((index) => (node.input[index] ?? '') === '' || isConstant(index))
      ? undefined
      : 'bounds that are constants',
  write: (layer) => {
    const bound = (index: number, otherwise: number): number =>
      layer.has(index) ? Number(layer.constant(index)!.data[0]) : otherwise;
    const [low, high] = [bound(1, LOWEST), bound(2, HIGHEST)];
    if (!(low <= high)) throw layer.refused('a lower bound that is not above the upper one');
    // oneDNN passes it where low < x ≤ high.
    writeElementwise(
      layer,
      { kind: 'clip', alpha: low, beta: high },
      { kind: 'clip', alpha: below(low), beta: high },
    );
  },
};

/** max(0, min(1, α · x + β)): a line, clipped; no slope at the bounds. */
const hardSigmoid: LayerRule = {
  write: (layer) => {
    const { api, program, node } = layer;
    const line = {
      kind: 'linear',
      alpha: floatAttribute(node, 'alpha', 0.2),
      beta: floatAttribute(node, 'beta', 0.5),
    } as const;
    const x = layer.input(0);
    const straight = program.value(x.layout, x.dims);
    program.run(api.elementwise(line, x.layout), [
      [ARG.source, x],
      [ARG.destination, straight],
    ]);
    const clipped = { kind: 'clip', alpha: 0, beta: 1 } as const;
    const forward = api.elementwise(clipped, x.layout);
    const y = program.value(x.layout, x.dims);
    program.run(forward, [
      [ARG.source, straight],
      [ARG.destination, y],
    ]);
    layer.output(y);
    layer.onBackward((gradient) => {
      // oneDNN passes it where low < x ≤ high.
      const slope = { ...clipped, beta: below(1) };
      const dx = elementwiseGradient(layer, slope, { forward, x: straight, gradient });
      layer.gradient(0, program.scaled(dx, line.alpha));
    });
  },
};

const HIGHEST = 3.4028234663852886e38;
const LOWEST = -HIGHEST;

/** The float32 before a number. */
function below(value: number): number {
  const float = Float32Array.of(value);
  const bits = new Int32Array(float.buffer);
  if (float[0] === 0) return -1.401298464324817e-45;
  bits[0]! += float[0]! > 0 ? -1 : 1;
  return Number.isFinite(float[0]!) ? float[0]! : value;
}

export const activations: Readonly<Record<string, LayerRule>> = {
  Relu: elementwise(() => ({ kind: 'relu' })),
  LeakyRelu: elementwise((node) => ({ kind: 'relu', alpha: floatAttribute(node, 'alpha', 0.01) })),
  Elu: elementwise((node) => ({ kind: 'elu', alpha: floatAttribute(node, 'alpha', 1) })),
  Sigmoid: elementwise(() => ({ kind: 'logistic' })),
  Tanh: elementwise(() => ({ kind: 'tanh' })),
  Abs: elementwise(() => ({ kind: 'abs' })),
  Softplus: elementwise(() => ({ kind: 'soft-relu', alpha: 1 })),
  HardSwish: elementwise(() => ({ kind: 'hard-swish', alpha: 1 / 6, beta: 1 / 2 })),
  Gelu: elementwise((node) => ({
    kind: stringAttribute(node, 'approximate', 'none') === 'tanh' ? 'gelu-tanh' : 'gelu-erf',
  })),
  Clip: clip,
  HardSigmoid: hardSigmoid,
};
