import { elementTypeOf, isFloat } from '../../model/element-type.ts';
import { type Graph, graphOf, isOperator, type Model, nodeName } from '../../model/model.ts';
import { fixedWeights } from './fixed-weights.ts';
import type { Parameter } from './parameters.ts';
import type { TrainingForm, TrainingFormOptions } from './training-form.ts';

/** An initializer that training leaves as it is. */
export interface Frozen {
  readonly name: string;
  readonly dims: readonly number[];
  readonly why: string;
}

/** A weight that several nodes read. */
export interface SharedWeight {
  readonly name: string;
  readonly nodes: readonly string[];
}

/** Initializers of floats that do not train, and why, running statistics among them. @param form of the model, with these options */
export function frozenOf(
  model: Model,
  form: TrainingForm,
  { freezeUntil, freezeBn = false }: TrainingFormOptions,
): readonly Frozen[] {
  const graph = graphOf(model);
  const trained = new Set(form.parameters.map(({ name }) => name));
  const statistics = new Set(form.statistics.map(({ name }) => name));
  const fixed = fixedWeights(model);
  const normalised = new Set(
    graph.node
      .filter((node) => isOperator(node, 'BatchNormalization'))
      .flatMap(({ input }) => input.slice(1)),
  );
  const told = new Map(form.frozen.map(({ name, why: reason }) => [name, reason]));
  const why = (name: string, isFloat: boolean): string => {
    if (statistics.has(name)) return 'running statistics, which move with the batches';
    if (fixed.has(name)) return 'the file says that it is fixed';
    const reason = told.get(name);
    if (reason !== undefined) return reason;
    if (!isFloat) return 'not float32';
    if (freezeBn && normalised.has(name)) return 'batch normalisations are frozen';
    if (freezeUntil !== undefined) return `no weight of a layer after '${freezeUntil}'`;
    return 'a constant, not a weight of a layer';
  };
  return graph.initializer
    .filter(({ name, dataType }) => !trained.has(name) && isFloat(elementTypeOf(dataType) ?? 'int64'))
    .map(({ name, dataType, dims }) => ({
      name,
      dims: dims.map(Number),
      why: why(name, elementTypeOf(dataType) === 'float32'),
    }));
}

/** Parameters that more than one node reads. */
export function sharedOf(graph: Graph, parameters: readonly Parameter[]): readonly SharedWeight[] {
  return parameters.flatMap(({ name }) => {
    const nodes = readersOf(graph, name);
    return nodes.length > 1 ? [{ name, nodes }] : [];
  });
}

/** Names of the nodes that read a value, also behind Identity nodes; in the graph's order, which is sound. */
export function readersOf(graph: Graph, value: string): readonly string[] {
  const names = new Set([value]);
  return graph.node.flatMap((node) => {
    if (!node.input.some((name) => names.has(name))) return [];
    if (!isOperator(node, 'Identity')) return [nodeName(node)];
    for (const name of node.output) names.add(name);
    return [];
  });
}
