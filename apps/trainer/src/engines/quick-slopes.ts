import { GraphBuilder, type Model } from '@cf/onnx';

/**
 * The same network with every PRelu written as max(x, 0) + slope · min(x, 0): the same numbers, bit by bit, but for
 * the sign of zero.
 *
 * onnxruntime's PRelu on the processor asks of each number which side it is on, and the processor guesses wrong at half of
 * them; sums, products, minima and maxima have no such question.
 */
export function withQuickSlopes(model: Model): Model {
  if (!model.graph!.node.some(isPRelu)) return model;
  const builder = GraphBuilder.extend(model);
  const zeroName = 'quick_slopes.zero';
  const zero = builder.initializer(zeroName, { type: 'float32', dims: [], data: Float32Array.of(0) });
  const before = model.graph!.node.length;
  const slopes = model.graph!.node.filter(isPRelu);
  for (const { input } of slopes) {
    const [x, slope] = input as [string, string];
    const low = builder.op('Mul', [builder.op('Min', [x, zero]), slope]);
    builder.op('Add', [builder.op('Max', [x, zero]), low]);
  }
  const built = builder.build();
  const { node } = built.graph!;
  const made = node.splice(before);
  // Each stands where its PRelu stood, and gives what that gave.
  for (const [at, old] of slopes.entries()) {
    const four = made.slice(4 * at, 4 * at + 4);
    four[3]!.output = [...old.output];
    node.splice(
      node.findIndex(({ output }) => output[0] === old.output[0]),
      1,
      ...four,
    );
  }
  return built;
}

function isPRelu({ opType, domain }: { readonly opType: string; readonly domain: string }): boolean {
  return opType === 'PRelu' && domain === '';
}
