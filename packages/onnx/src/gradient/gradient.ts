import { type OptionNames, requireKnownOptions } from '@cf/core';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxGraphError, Refusals, unknownName } from '../errors.ts';
import { isFloat } from '../model/element-type.ts';
import { type Graph, graphOf, type Model, type Node } from '../model/model.ts';
import { withFields } from '../model/with-fields.ts';
import { ValueTable } from '../shapes/value-table.ts';
import { upgradeModel } from '../upgrade/upgrade-model.ts';
import { activityOf, dependsOn } from './active-nodes.ts';
import { GradientGraph } from './context.ts';
import { RuleCall } from './rule.ts';
import { ruleOf } from './rule-table.ts';

/** What to differentiate. */
export interface GradientOptions {
  /** The output to differentiate: of one element, unless there is a `seed`. */
  readonly of: string;
  /** Inputs and initializers to differentiate with respect to. Initializers stay what they are. */
  readonly wrt: readonly string[];
  /**
   * Name of a new input of the shape of `of`: the gradient of whatever comes after the model. The result's
   * gradients are then those of Σ seed · of.
   */
  readonly seed?: string;
}

/** A model with gradients among its outputs. */
export interface GradientModel {
  /** Computes the outputs of the original model, then the gradients, in the order of `wrt`. */
  readonly model: Model;
  /** Name of the output with the gradient, by what it is taken with respect to. */
  readonly gradients: ReadonlyMap<string, string>;
}

const OPTIONS: OptionNames<GradientOptions> = { of: true, wrt: true, seed: true };

/**
 * Reverse-mode differentiation of a model: the result is a model too. Activations of the forward pass are kept for
 * the way back. Models of an opset below 17 are brought to 17; later ones keep theirs.
 *
 * @throws UnsupportedOperatorError (`E_ONNX_OPERATOR`) naming every node whose operator, or use of it, has no rule
 * @throws OnnxOpsetError (`E_ONNX_OPSET`) for an opset below 11 or a later one than is known
 * @throws OnnxGraphError (`E_ONNX_GRAPH`) if a name is not in the graph, not a float, or does not reach `of`
 */
export function gradient(model: Model, options: GradientOptions): GradientModel {
  requireKnownOptions('gradient', options, OPTIONS);
  const { of, wrt, seed } = options;
  const upgraded = upgradeModel(model);
  checkNames(graphOf(upgraded), options);
  const table = new ValueTable(upgraded);
  for (const name of [of, ...wrt]) requireFloat(table, name);
  const refusals = new Refusals();
  const { nodes, values } = activityOf(graphOf(upgraded), table, options, refusals);
  const completed = withReadOutputs(upgraded, nodes);
  const builder = GraphBuilder.extend(completed.model);
  const known = new ValueTable(completed.model);
  const graph = new GradientGraph(builder, known);
  const arrived = new Map<string, string[]>([[of, [startOf(builder, graph, of, seed)]]]);
  for (const node of completed.nodes.reverse()) propagate(graph, node, { active: values, arrived, refusals });
  refusals.throwIfAny();
  for (const name of wrt) {
    // All that leads from it to the output is flat, such as a rounding.
    const isFlat = !arrived.has(name) && dependsOn(graphOf(upgraded), of, name);
    if (isFlat) arrived.set(name, [graph.op('Expand', [graph.scalar(0, name), graph.shapeOf(name)])]);
  }
  const gradients = wrt.map((name) => [name, finish(builder, graph, name, of, arrived)] as const);
  return { model: builder.build(), gradients: new Map(gradients) };
}

function checkNames(graph: Graph, { of, wrt, seed }: GradientOptions): void {
  const outputs = graph.output.map(({ name }) => name);
  requireName('of', of, outputs, 'an output of the model');
  const sources = [...graph.input, ...graph.initializer].map(({ name }) => name);
  for (const name of wrt) requireName('wrt', name, sources, 'an input or initializer of the model');
  const isPlain = wrt.length > 0 && new Set(wrt).size === wrt.length;
  if (!isPlain) {
    throw new OnnxGraphError(
      `wrt = [${wrt.join(', ')}]`,
      'one name or more, each once',
      'name what to differentiate by.',
    );
  }
  if (seed === '') throw new OnnxGraphError(`seed = ''`, 'a name', 'leave it out, or name the new input.');
}

function requireName(option: string, name: string, names: readonly string[], expected: string): void {
  if (names.includes(name)) return;
  const fix = `take one of the model's ${names.length} names.`;
  throw unknownName(`${option} = '${name}'`, expected, { name, names, fix });
}

function requireFloat(table: ValueTable, name: string): void {
  const type = table.type(name);
  if (type === undefined || (isFloat(type) && type !== 'float16')) return;
  throw new OnnxGraphError(
    `'${name}' of type ${type}`,
    'float32 or float64',
    'convert the model to float32.',
  );
}

/** Names outputs that a rule reads and the node leaves out, such as the indices of MaxPool. */
function withReadOutputs(model: Model, active: readonly Node[]): { model: Model; nodes: Node[] } {
  const names = GraphBuilder.extend(model);
  const replaced = new Map<Node, Node>();
  for (const node of active) {
    const count = ruleOf(node)?.outputs ?? 1;
    const output = Array.from({ length: Math.max(count, node.output.length) }, (_, i) => {
      const given = node.output[i] ?? '';
      return given !== '' || i >= count ? given : names.uniqueName(`${node.output[0]}/output_${i}`);
    });
    replaced.set(node, output.length === node.output.length ? node : withFields(node, { output }));
  }
  const graph = graphOf(model);
  const node = graph.node.map((original) => replaced.get(original) ?? original);
  const completed = withFields(model, { graph: withFields(graph, { node }) });
  return { model: completed, nodes: active.map((original) => replaced.get(original)!) };
}

function startOf(builder: GraphBuilder, graph: GradientGraph, of: string, seed: string | undefined): string {
  const shape = graph.shape(of);
  if (seed !== undefined) {
    builder.input(seed, graph.floatType(of), shape);
    graph.declareLike(seed, of);
    return seed;
  }
  if (shape?.every((dim) => dim === 1))
    return graph.ones(
      shape.map(() => 1),
      of,
    );
  throw new OnnxGraphError(
    `of = '${of}' of shape ${shape === undefined ? 'unknown' : `[${shape.map((dim) => dim ?? '?').join(', ')}]`}`,
    'an output of one element, or a seed',
    'name an input for the gradient of it: { seed: "seed" }.',
  );
}

/** What goes from node to node on the way back. */
interface Propagation {
  /** Values that gradients flow to. */
  readonly active: ReadonlySet<string>;
  /** Gradients by value, to be summed. */
  readonly arrived: Map<string, string[]>;
  readonly refusals: Refusals;
}

function propagate(graph: GradientGraph, node: Node, { active, arrived, refusals }: Propagation): void {
  const incoming = node.output.map((output) => total(graph, output, arrived));
  if (incoming.every((value) => value === undefined)) return;
  const rule = ruleOf(node);
  const writes = refusals.attempt(() => rule?.gradient(new RuleCall(graph, node, incoming)));
  node.input.forEach((input, i) => {
    const flows = rule?.inputs === undefined || rule.inputs.includes(i);
    if (input === '' || !flows || !active.has(input)) return;
    const write = writes?.[i];
    if (writes !== undefined && write === undefined) return;
    // Where one is refused the value itself stands in, so that what comes before is tried as well.
    const name = refusals.attempt(() => write?.()) ?? input;
    if (!arrived.has(input)) arrived.set(input, []);
    arrived.get(input)!.push(name);
  });
}

/** The sum of what arrived at a value. */
function total(graph: GradientGraph, value: string, arrived: Map<string, string[]>): string | undefined {
  const parts = arrived.get(value);
  if (parts === undefined) return undefined;
  const name = parts.length === 1 ? parts[0]! : graph.op(parts.length === 2 ? 'Add' : 'Sum', parts);
  graph.declareLike(name, value);
  arrived.set(value, [name]);
  return name;
}

function finish(
  builder: GraphBuilder,
  graph: GradientGraph,
  name: string,
  of: string,
  arrived: Map<string, string[]>,
): string {
  const value = total(graph, name, arrived);
  if (value === undefined) {
    throw new OnnxGraphError(
      `wrt = '${name}'`,
      `a value that '${of}' depends on`,
      'leave it out: its gradient is zero.',
    );
  }
  const output = builder.uniqueName(`grad/${name}`);
  builder.op('Identity', [value], {}, { outputs: [output], name: output });
  return builder.output(output, graph.floatType(name), graph.shape(name));
}
