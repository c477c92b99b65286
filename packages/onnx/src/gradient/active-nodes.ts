import type { Refusals } from '../errors.ts';
import { isFloat } from '../model/element-type.ts';
import {
  type Graph,
  isOperator,
  isStandardDomain,
  type Node,
  subgraphsOf,
  unsupported,
} from '../model/model.ts';
import type { ValueTable } from '../shapes/value-table.ts';
import { WITHOUT_FUSION } from '../upgrade/written-out/writing.ts';
import { ruleOf } from './rule-table.ts';

/** The part of a graph that gradients flow through. */
export interface Activity {
  /** Nodes between `wrt` and `of`, in the graph's order. */
  readonly nodes: readonly Node[];
  /** Values that depend on `wrt` in a differentiable way. */
  readonly values: ReadonlySet<string>;
}

/** Finds the nodes on a path from `wrt` to `of`. @param refusals takes in those without a rule */
export function activityOf(
  graph: Graph,
  table: ValueTable,
  { of, wrt }: { readonly of: string; readonly wrt: readonly string[] },
  refusals: Refusals,
): Activity {
  const values = new Set(wrt);
  const dependent: Node[] = [];
  for (const node of graph.node) {
    if (!flowingInputs(node).some((name) => values.has(name))) continue;
    dependent.push(node);
    for (const output of node.output) {
      if (output !== '' && isFloat(table.type(output) ?? 'float32')) values.add(output);
    }
  }
  const needed = new Set([of]);
  const nodes: Node[] = [];
  for (const node of dependent.reverse()) {
    if (!node.output.some((output) => needed.has(output) && values.has(output))) continue;
    for (const name of flowingInputs(node)) needed.add(name);
    nodes.unshift(node);
  }
  for (const node of nodes) refusals.attempt(() => requireRule(node, needed));
  return { nodes, values };
}

function requireRule(node: Node, needed: ReadonlySet<string>): void {
  const rule = ruleOf(node);
  if (rule === undefined && isOperator(node, 'If')) {
    throw unsupported(
      node,
      'If whose condition follows from constants and from shapes, whatever the batch is',
      'export the model with a fixed height and width, or without the condition.',
    );
  }
  if (rule === undefined && !isStandardDomain(node.domain)) {
    throw unsupported(
      node,
      `a standard operator, or one of com.microsoft that is known by other operators`,
      WITHOUT_FUSION,
    );
  }
  if (rule === undefined) {
    throw unsupported(
      node,
      'an operator with a gradient rule',
      'express it with operators that supportedOperators() lists, or take gradients of later layers only.',
    );
  }
  const isLater = rule.manyOutputs !== true && node.output.slice(1).some((output) => needed.has(output));
  if (isLater) {
    throw unsupported(
      node,
      'that only its first output is used on the way to the value differentiated',
      'compute the other outputs with operators of their own.',
    );
  }
}

/** Inputs from which gradients are taken; without a rule all of them, and what a subgraph reads from outside. */
function flowingInputs(node: Node): readonly string[] {
  const rule = ruleOf(node);
  if (rule !== undefined) return rule.inputs?.map((i) => node.input[i] ?? '') ?? node.input;
  return [...node.input, ...subgraphsOf(node).flatMap(readNames)];
}

function readNames(graph: Graph): readonly string[] {
  return [...graph.node.flatMap((node) => flowingInputs(node)), ...graph.output.map(({ name }) => name)];
}

/** Whether a value is computed from another, by whatever operators. */
export function dependsOn(graph: Graph, value: string, source: string): boolean {
  const names = new Set([source]);
  for (const node of graph.node) {
    if (!readOf(node).some((name) => names.has(name))) continue;
    for (const output of node.output) names.add(output);
  }
  return names.has(value);
}

/** All that a node reads, and what its subgraphs read from outside. */
function readOf(node: Node): readonly string[] {
  const inside = subgraphsOf(node).flatMap(({ node: nodes, output }) => [
    ...nodes.flatMap(readOf),
    ...output.map(({ name }) => name),
  ]);
  return [...node.input, ...inside].filter((name) => name !== '');
}
