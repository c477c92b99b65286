import { intAttribute } from '../model/attributes.ts';
import { graphOf, type Model, type Node, type Shape } from '../model/model.ts';
import { createValueInfo, declaredShape, declaredType } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import type { ValueTable } from '../shapes/value-table.ts';

/** The model with a fixed batch in its input. What it declares of other values is left out where it is no number. */
export function withBatch(model: Model, input: string, batch: number | string): Model {
  const graph = graphOf(model);
  const declared = graph.input.map((info) => {
    const shape = declaredShape(info);
    if (info.name !== input || shape === undefined || shape.length === 0) return info;
    return createValueInfo(info.name, declaredType(info) ?? 'float32', [batch, ...shape.slice(1)]);
  });
  const isFixed = (info: (typeof graph.output)[number]): boolean =>
    declaredShape(info)?.every((dim) => typeof dim === 'number') ?? false;
  return withFields(model, {
    graph: withFields(graph, {
      input: declared,
      valueInfo: graph.valueInfo.filter(isFixed),
      output: graph.output.map((info) =>
        isFixed(info) ? info : createValueInfo(info.name, declaredType(info) ?? 'float32'),
      ),
    }),
  });
}

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
