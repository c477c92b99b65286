import { graphOf, type Model } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { createValueInfo, declaredType } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import { ValueTable } from '../shapes/value-table.ts';
import { freeName, namesIn } from '../upgrade/inlined-body.ts';
import type { Note } from './note.ts';

/**
 * An output of one vector a sample that stands as [N, D, 1, 1], [N, 1, 1, D] or the like, as [N, D]: its axes of size 1 go.
 * A map of features, with more than one axis that is longer, stays as it is.
 *
 * @param model the part that gives the output: none of its nodes reads it
 */
export function flatOutput(
  model: Model,
  output: string,
): { readonly model: Model; readonly notes: readonly Note[] } {
  const graph = graphOf(model);
  const shape = new ValueTable(model).shape(output);
  const maker = graph.node.find((node) => node.output.includes(output));
  if (shape === undefined || shape.length < 3 || typeof shape[0] === 'number' || maker === undefined)
    return { model, notes: [] };
  const [batch, ...rest] = shape;
  const longer = rest.filter((dim) => dim !== 1);
  const isVector = longer.length <= 1 && rest.every((dim) => typeof dim === 'number');
  if (!isVector) return { model, notes: [] };
  const inner = freeName(`${output}/with_axes`, new Set(namesIn(graph)));
  const info = graph.output.find(({ name }) => name === output)!;
  const nodes = graph.node.map((node) =>
    node === maker
      ? withFields(node, { output: node.output.map((name) => (name === output ? inner : name)) })
      : node,
  );
  const flatten = createNode(inner, 'Flatten', [inner], [output], { axis: { int: 1 } });
  const flat = createValueInfo(output, declaredType(info) ?? 'float32', [batch, Number(longer[0] ?? 1)]);
  const text = `'${output}' is given as [${batch ?? '?'}, ${longer[0] ?? 1}] instead of [${shape.join(', ')}].`;
  return {
    model: withFields(model, {
      graph: withFields(graph, {
        node: [...nodes, flatten],
        output: graph.output.map((each) => (each === info ? flat : each)),
        valueInfo: graph.valueInfo.filter(({ name }) => name !== output),
      }),
    }),
    notes: [{ kind: 'output-flattened', text, names: [output] }],
  };
}
