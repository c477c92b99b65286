import { OnnxGraphError, unknownName } from '../errors.ts';
import { type Graph, inputsOf, isOperator, type ValueInfo } from '../model/model.ts';
import { readValues } from '../model/read-values.ts';
import { declaredShape } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import { GraphIndex } from './graph-index.ts';

/**
 * The part of a graph that one output needs. Its other outputs, nodes and constants are left out.
 *
 * @throws OnnxGraphError if there is no such output
 */
export function partFor(graph: Graph, output: string): Graph {
  const index = new GraphIndex(graph);
  const last = index.producer(output);
  const live = index.withAncestors(last === undefined ? [] : [last]);
  const node = graph.node.filter((candidate) => live.has(candidate));
  const read = new Set([output, ...node.flatMap((each) => [...readValues(each)])]);
  return withFields(graph, {
    node,
    output: graph.output.filter(({ name }) => name === output),
    initializer: graph.initializer.filter(({ name }) => read.has(name)),
    input: graph.input.filter(({ name }) => read.has(name)),
    valueInfo: graph.valueInfo.filter(({ name }) => read.has(name)),
  });
}

/** Outputs that could be the one asked for: the next running statistics of normalisations are none. */
export function outputsOf(graph: Graph): readonly ValueInfo[] {
  const statistics = new Set(
    graph.node
      .filter((node) => isOperator(node, 'BatchNormalization'))
      .flatMap(({ output }) => output.slice(1)),
  );
  return graph.output.filter(({ name }) => !statistics.has(name));
}

/**
 * The input or output to use: the named one, or the only one.
 *
 * @throws OnnxGraphError with the candidates and their shapes if there is no such one, or several and no name
 */
export function choose(
  what: 'input' | 'output',
  candidates: readonly ValueInfo[],
  name: string | undefined,
): ValueInfo {
  const found =
    name === undefined
      ? candidates.length === 1 && candidates[0]
      : candidates.find((each) => each.name === name);
  if (found) return found;
  if (candidates.length === 0)
    throw new OnnxGraphError(`a model without ${what}s`, `one ${what} at least`, 'export the model again.');
  const expected = `one of ${candidates.map(described).join(', ')}`;
  const fix = `name the ${what}.`;
  if (name === undefined)
    throw new OnnxGraphError(`a model with ${candidates.length} ${what}s`, expected, fix);
  const names = candidates.map((each) => each.name);
  throw unknownName(`${what} = '${name}'`, expected, { name, names, fix });
}

/** Inputs that a part reads. */
export function chooseInput(part: Graph, name: string | undefined): ValueInfo {
  return choose('input', inputsOf(part), name);
}

function described(info: ValueInfo): string {
  const shape = declaredShape(info);
  const dims = shape === undefined ? '' : ` [${shape.map((dim) => dim ?? '?').join(', ')}]`;
  return `'${info.name}'${dims}`;
}
