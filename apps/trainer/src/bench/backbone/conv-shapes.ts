import { intAttribute, intsAttribute, type Model } from '@cf/onnx';

/** A convolution of one image: square kernels on square images. */
export interface ConvShape {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
  readonly size: number;
  /** Side of the output. */
  readonly outputSize: number;
  /** Whether its input is the image, so that nothing needs the input's gradient. */
  readonly isFirst: boolean;
}

/** A shape and how often it occurs. */
export interface CountedShape {
  readonly shape: ConvShape;
  readonly count: number;
}

/** Multiplications and additions of one image, forward. */
export function operationsOf({ from, to, kernel, groups, outputSize }: ConvShape): number {
  return 2 * (from / groups) * to * kernel ** 2 * outputSize ** 2;
}

/** Such as `64→64 3×3 /2 from 28×28`. */
export function describeShape({ from, to, kernel, stride, groups, size }: ConvShape): string {
  const channels = groups > 1 ? `${to} depthwise` : `${from}→${to}`;
  return `${channels} ${kernel}×${kernel}${stride > 1 ? ` /${stride}` : ''} from ${size}×${size}`;
}

/**
 * Convolutions of a backbone, alike ones counted together. All other layers before the flattening keep the shape.
 *
 * @param inputSize side of its pictures
 */
export function convShapes(model: Model, inputSize: number): readonly CountedShape[] {
  const graph = model.graph!;
  const dims = new Map(graph.initializer.map((tensor) => [tensor.name, tensor.dims.map(Number)]));
  const image = graph.input.find(({ name }) => !dims.has(name))!;
  const sizes = new Map([[image.name, inputSize]]);
  const pixels = new Set([image.name]);
  const counts = new Map<string, CountedShape>();
  for (const node of graph.node) {
    const size = sizes.get(node.input[0]!);
    if (size === undefined || node.opType === 'Flatten') continue;
    if (node.opType !== 'Conv') {
      sizes.set(node.output[0]!, size);
      const isPixels =
        (node.opType === 'Sub' || node.opType === 'Div' || node.opType === 'Mul') &&
        pixels.has(node.input[0]!);
      if (isPixels) pixels.add(node.output[0]!);
      continue;
    }
    const [to, perGroup, kernel] = dims.get(node.input[1]!)! as [number, number, number];
    const groups = intAttribute(node, 'group', 1);
    const stride = intsAttribute(node, 'strides')?.[0] ?? 1;
    const padding = intsAttribute(node, 'pads')?.[0] ?? 0;
    const outputSize = Math.floor((size + 2 * padding - kernel) / stride) + 1;
    sizes.set(node.output[0]!, outputSize);
    const isFirst = pixels.has(node.input[0]!);
    const shape = { from: perGroup * groups, to, kernel, stride, padding, groups, size, outputSize, isFirst };
    const key = JSON.stringify(shape);
    counts.set(key, { shape, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}
