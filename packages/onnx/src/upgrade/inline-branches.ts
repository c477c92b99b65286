import { attributeOf } from '../model/attributes.ts';
import {
  type Graph,
  graphOf,
  isOperator,
  type Model,
  type Node,
  type TensorProtoValue,
} from '../model/model.ts';
import { withFields } from '../model/with-fields.ts';
import { ValueTable } from '../shapes/value-table.ts';
import { inlinedBody, takenIn } from './inlined-body.ts';

/**
 * The model with the branch that is taken in the place of every If whose condition follows from constants and from
 * shapes, as in what PyTorch writes of a squeeze: the size of an axis is compared with 1. Others stay.
 *
 * @param known the model with what may be taken as known of its shapes; the model as it is by default
 */
export function inlineBranches(model: Model, known: Model = model): Model {
  const graph = graphOf(model);
  if (!graph.node.some((node) => isOperator(node, 'If'))) return model;
  const source = graphOf(known);
  const values = new ValueTable(withFields(known, { graph: withFields(source, { node: [] }) }));
  const taken = takenIn(withoutBranches(graph));
  const initializer: TensorProtoValue[] = [...graph.initializer];
  const inline = (node: Node): readonly Node[] => {
    const branch = branchOf(node, values);
    if (branch === undefined) {
      values.add(node);
      return [node];
    }
    const outputs = branch.output.map(({ name }) => name);
    const body = { nodes: branch.node, initializers: branch.initializer, outputs, inputs: new Map() };
    const inlined = inlinedBody(body, node.output, taken);
    for (const tensor of inlined.initializers) {
      initializer.push(tensor);
      values.addConstant(tensor);
    }
    return inlined.nodes.flatMap(inline);
  };
  const node = graph.node.flatMap(inline);
  return withFields(model, { graph: withFields(graph, { node, initializer }) });
}

/** The branch of an If that is taken, where that is known. */
function branchOf(node: Node, values: ValueTable): Graph | undefined {
  if (!isOperator(node, 'If')) return undefined;
  const condition = values.elements(node.input[0] ?? '')?.[0];
  if (typeof condition !== 'number') return undefined;
  return attributeOf(node, condition === 0 ? 'else_branch' : 'then_branch')?.g;
}

/** The graph as far as names inside an If are no names of it. */
function withoutBranches(graph: Graph): Graph {
  const node = graph.node.map((each) =>
    isOperator(each, 'If') ? withFields(each, { attribute: [] }) : each,
  );
  return withFields(graph, { node });
}
