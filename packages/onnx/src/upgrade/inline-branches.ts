import { attributeOf } from '../model/attributes.ts';
import {
  type Graph,
  graphOf,
  isOperator,
  type Model,
  type Node,
  type TensorProtoValue,
} from '../model/model.ts';
import { constantValue } from '../model/node.ts';
import { readTensor } from '../model/tensor.ts';
import { withFields } from '../model/with-fields.ts';
import { ValueTable } from '../shapes/value-table.ts';
import { inlinedBody, takenIn } from './inlined-body.ts';
import { unrolledLoop } from './unrolled-loop.ts';

/** Nodes that all loops together may become; more are better run as loops. */
const MOST_NODES = 4096;

/**
 * The model with the branch that is taken in the place of every If whose condition follows from constants and from
 * shapes, as in what PyTorch writes of a squeeze (the size of an axis is compared with 1), and with the rounds of every
 * Loop of which there is a known number. Others stay.
 *
 * @param known the model with what may be taken as known of its shapes; the model as it is by default
 */
export function inlineBranches(model: Model, known: Model = model): Model {
  const graph = graphOf(model);
  if (!graph.node.some((node) => isOperator(node, 'If') || isOperator(node, 'Loop'))) return model;
  const values = ValueTable.ofDeclarations(known);
  const taken = takenIn(withoutBranches(graph));
  const initializer: TensorProtoValue[] = [...graph.initializer];
  const keepConstants = (tensors: readonly TensorProtoValue[]): void => {
    for (const tensor of tensors) {
      initializer.push(tensor);
      values.addConstant(tensor);
    }
  };
  let unrolled = 0;
  const inline = (node: Node): readonly Node[] => {
    const rounds = roundsOf(node, values, MOST_NODES - unrolled);
    if (rounds !== undefined) {
      const loop = unrolledLoop(node, rounds, taken);
      unrolled += loop.nodes.length;
      keepConstants(loop.initializers);
      return loop.nodes.flatMap(inline);
    }
    const branch = branchOf(node, values);
    if (branch === undefined) {
      values.add(node);
      return [node];
    }
    const outputs = branch.output.map(({ name }) => name);
    const body = { nodes: branch.node, initializers: branch.initializer, outputs, inputs: new Map() };
    const inlined = inlinedBody(body, node.output, taken);
    keepConstants(inlined.initializers);
    return inlined.nodes.flatMap(inline);
  };
  const node = graph.node.flatMap(inline);
  return withFields(model, { graph: withFields(graph, { node, initializer }) });
}

/** How often a Loop runs, where that is known and nothing ends it before. */
function roundsOf(node: Node, values: ValueTable, most: number): number | undefined {
  const body = isOperator(node, 'Loop') ? attributeOf(node, 'body')?.g : undefined;
  const rounds = values.elements(node.input[0] ?? '')?.[0];
  if (body === undefined || typeof rounds !== 'number' || rounds < 1) return undefined;
  if (rounds * (body.node.length + 1) > most) return undefined;
  const isOpen = (node.input[1] ?? '') === '' || values.elements(node.input[1]!)?.[0] === 1;
  return isOpen && goesOn(body) ? rounds : undefined;
}

/** Whether a body never ends its loop: the condition that it gives is the one that it got, or a constant. */
function goesOn(body: Graph): boolean {
  let name = body.output[0]?.name;
  for (let step = 0; step < body.node.length + 1; step++) {
    if (name === undefined) return false;
    if (name === body.input[1]?.name) return true;
    const constant = body.initializer.find((tensor) => tensor.name === name);
    const producer = body.node.find(({ output }) => output.includes(name!));
    const held = constant ?? (producer && constantValue(producer));
    if (held !== undefined) return Number(readTensor(held).data[0]) !== 0;
    if (producer === undefined || !/^(Identity|Cast)$/.test(producer.opType)) return false;
    name = producer.input[0];
  }
  return false;
}

/** The branch of an If that is taken, where that is known. */
function branchOf(node: Node, values: ValueTable): Graph | undefined {
  if (!isOperator(node, 'If')) return undefined;
  const condition = values.elements(node.input[0] ?? '')?.[0];
  if (typeof condition !== 'number') return undefined;
  return attributeOf(node, condition === 0 ? 'else_branch' : 'then_branch')?.g;
}

/** The graph as far as names inside an If or Loop are no names of it. */
function withoutBranches(graph: Graph): Graph {
  const node = graph.node.map((each) =>
    isOperator(each, 'If') ? withFields(each, { attribute: [] }) : each,
  );
  return withFields(graph, { node });
}
