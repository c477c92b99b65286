import { GraphBuilder } from '../../builder/graph-builder.ts';
import { graphOf, isStandardDomain, type Model, type Node } from '../../model/model.ts';
import { createNode } from '../../model/node.ts';
import { createTensor } from '../../model/tensor.ts';
import { withFields } from '../../model/with-fields.ts';
import { valueTable } from '../../shapes/value-table.ts';

/**
 * Writes every PRelu as max(x, 0) + slope · min(x, 0), the same numbers: onnxruntime's own PRelu takes a branch an
 * element, and 6 to 20 times as long on the CPU.
 */
export function withPReluWrittenOut(model: Model): Model {
  const graph = graphOf(model);
  const table = valueTable(model);
  const isFloat32 = (node: Node): boolean => table.type(node.input[0]!) === 'float32';
  const found = new Set(
    graph.node.filter((node) => node.opType === 'PRelu' && isStandardDomain(node.domain) && isFloat32(node)),
  );
  if (found.size === 0) return model;
  const names = GraphBuilder.extend(model);
  const zero = names.constant({ type: 'float32', dims: [], data: Float32Array.of(0) }, 'prelu/zero');
  const node = graph.node.flatMap((original) => {
    if (!found.has(original)) return [original];
    const [x, slope, y] = [original.input[0]!, original.input[1]!, original.output[0]!];
    const [above, below, bent] = ['above', 'below', 'bent'].map((part) => names.uniqueName(`${y}/${part}`));
    return [
      createNode(above!, 'Relu', [x], [above!]),
      createNode(below!, 'Min', [x, zero], [below!]),
      createNode(bent!, 'Mul', [below!, slope], [bent!]),
      createNode(original.name, 'Add', [above!, bent!], [y]),
    ];
  });
  const constant = createTensor(zero, { type: 'float32', dims: [], data: Float32Array.of(0) });
  const initializer = [...graph.initializer, constant];
  return withFields(model, { graph: withFields(graph, { node, initializer }) });
}
