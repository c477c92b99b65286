import { floatAttribute, intAttribute } from '../../model/attributes.ts';
import type { Writing, WrittenOut } from './writing.ts';

/** Y = x̂ · γ + β with x̂ = (X − μ) / √(σ² + ε) over the last axis. */
function giveStandardised(
  writing: Writing,
  x: string,
  { scale, offset, epsilon }: { readonly scale: string; readonly offset: string; readonly epsilon: number },
): void {
  if (writing.opset >= 17) {
    const inputs = offset === '' ? [x, scale] : [x, scale, offset];
    const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } };
    writing.give(0, 'LayerNormalization', inputs, attributes);
    return;
  }
  const centered = writing.op('Sub', [x, writing.reduceMean(x, [-1])]);
  giveDivided(writing, centered, { axis: -1, scale, offset, epsilon });
}

/** Y = X / √(mean X² + ε) · γ + β. */
function giveDivided(
  writing: Writing,
  x: string,
  {
    axis,
    scale,
    offset,
    epsilon,
  }: { readonly axis: number; readonly scale: string; readonly offset: string; readonly epsilon: number },
): void {
  const square = writing.reduceMean(writing.op('Mul', [x, x]), [axis]);
  const size = writing.op('Sqrt', [writing.op('Add', [square, writing.scalar(epsilon, x)])]);
  const normalized = writing.op('Div', [x, size]);
  if (offset === '') writing.give(0, 'Mul', [normalized, scale]);
  else writing.give(0, 'Add', [writing.op('Mul', [normalized, scale]), offset]);
}

/** The root mean square of the last axis, under the name it had before opset 23. */
export const simplifiedNormalization: WrittenOut = (writing) => {
  const { node } = writing;
  const axis = intAttribute(node, 'axis', -1);
  const x = writing.input(0);
  if (axis !== -1 && axis !== writing.rank(x) - 1) throw writing.refuse('the last axis alone');
  if (writing.output(1) !== '') throw writing.refuse('one output');
  giveDivided(writing, x, {
    axis: -1,
    scale: writing.input(1),
    offset: '',
    epsilon: floatAttribute(node, 'epsilon', 1e-5),
  });
};

/** X + skip + bias, which is also the fourth output. */
function sumOf(writing: Writing, bias: number): string {
  if (writing.output(1) !== '' || writing.output(2) !== '')
    throw writing.refuse('the first and fourth output alone');
  const sum = writing.op('Add', [writing.input(0), writing.input(1)]);
  const all = writing.has(bias) ? writing.op('Add', [sum, writing.input(bias)]) : sum;
  writing.give(3, 'Identity', [all]);
  return all;
}

/** Normalisations of a sum, as onnxruntime's optimiser writes them. */
export const skipNormalizations: Readonly<Record<string, WrittenOut>> = {
  SkipLayerNormalization: (writing) =>
    giveStandardised(writing, sumOf(writing, 4), {
      scale: writing.input(2),
      offset: writing.input(3),
      epsilon: floatAttribute(writing.node, 'epsilon', 1e-12),
    }),
  SkipSimplifiedLayerNormalization: (writing) =>
    giveDivided(writing, sumOf(writing, 3), {
      axis: -1,
      scale: writing.input(2),
      offset: '',
      epsilon: floatAttribute(writing.node, 'epsilon', 1e-12),
    }),
  /** Rows of tables by token, position and segment, added and normalised. */
  EmbedLayerNormalization: (writing) => {
    if (writing.has(7) && writing.output(1) !== '')
      throw writing.refuse('a mask whose lengths nothing reads');
    const ids = writing.input(0);
    const none = { type: 'int32', dims: [1], data: Int32Array.of(0) } as const;
    const samples = writing.slice(writing.op('Shape', [ids]), 0, 0, 1);
    writing.give(1, 'ConstantOfShape', [samples], { value: { tensor: none } });
    const tokens = writing.op('Gather', [writing.input(2), ids]);
    const places = writing.has(8)
      ? writing.op('Gather', [writing.input(3), writing.input(8)])
      : writing.op('Slice', [
          writing.input(3),
          writing.integers(0),
          writing.slice(writing.op('Shape', [ids]), 0, 1, 2),
          writing.integers(0),
        ]);
    const sum = writing.op('Add', [tokens, places]);
    const all = writing.has(1)
      ? writing.op('Add', [sum, writing.op('Gather', [writing.input(4), writing.input(1)])])
      : sum;
    writing.give(2, 'Identity', [all]);
    giveStandardised(writing, all, {
      scale: writing.input(5),
      offset: writing.input(6),
      epsilon: floatAttribute(writing.node, 'epsilon', 1e-12),
    });
  },
};
