import { intAttribute } from '../../model/attributes.ts';
import type { Node, Shape } from '../../model/model.ts';
import type { ValueTable } from '../../shapes/value-table.ts';

/** Multiply-adds of a product or convolution, 0 for any other node; undefined where a shape is not known. */
export function multiplyAdds(node: Node, values: ValueTable): number | undefined {
  const shape = (i: number): Shape | undefined => values.shape(node.input[i] ?? '');
  const output = knownSize(values.shape(node.output[0] ?? ''));
  switch (node.opType) {
    case 'Conv':
      return times(output, knownSize(shape(1)?.slice(1)));
    case 'ConvTranspose':
      return times(knownSize(shape(0)), knownSize(shape(1)?.slice(1)));
    case 'MatMul':
      return times(output, knownSize(shape(0)?.slice(-1)));
    case 'Gemm': {
      const a = shape(0);
      return times(output, knownSize(a && [a[intAttribute(node, 'transA', 0) === 0 ? 1 : 0]]));
    }
    default:
      return 0;
  }
}

/** How many elements a shape has; undefined where that is not known. */
export function knownSize(shape: Shape | undefined): number | undefined {
  if (!shape?.every((dim) => typeof dim === 'number')) return undefined;
  return shape.reduce<number>((n, dim) => n * (dim as number), 1);
}

function times(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b;
}
