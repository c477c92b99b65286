import { OnnxGraphError } from '../../errors.ts';
import { ELEMENTS } from '../../model/element-type.ts';
import { type Graph, graphOf, type Model, type Node } from '../../model/model.ts';
import { readValues } from '../../model/read-values.ts';
import { dimensionAt } from '../../shapes/dimension-arithmetic.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import { type Edge, minimumCut } from './minimum-cut.ts';
import type { Recomputation } from './recomputation.ts';
import { seededNodes } from './run-order.ts';

/** Size taken for a dimension that is not known, such as the batch, and for each symbol of one that is computed. */
const UNKNOWN_DIMENSION = 32;

/** A joint model of the way there and back, taken apart at what depends on the seed. */
export interface JointGraph {
  readonly model: Model;
  /** How many nodes, from the first on, are the model's own. */
  readonly ownNodes: number;
  readonly seed: string;
}

/**
 * Chooses what to keep for the way back: of all sets of values from which, with the inputs and initializers, it can
 * be computed without repeating what `mayRecompute` forbids, one of the fewest bytes. That is a minimum cut of the
 * graph of values, each an edge of the capacity of its size.
 *
 * @throws OnnxGraphError if a value must be kept whose element type is not known
 */
export function savedValues(joint: JointGraph, mayRecompute: Recomputation): readonly string[] {
  const graph = graphOf(joint.model);
  const table = new ValueTable(joint.model);
  const seeded = seededNodes(graph.node, joint.seed);
  const unseeded = graph.node.filter((node) => !seeded.has(node));
  const given = givenValues(graph);
  const names = [...given, ...unseeded.flatMap(({ output }) => output.filter((name) => name !== ''))];
  const index = new Map(names.map((name, i) => [name, i]));
  const [source, sink] = [2 * names.length, 2 * names.length + 1];
  const before = (name: string): number => 2 * index.get(name)!;
  const after = (name: string): number => before(name) + 1;
  const edges: Edge[] = [];
  const isOwn = new Set(graph.node.slice(0, joint.ownNodes));
  for (const name of given) {
    edges.push({ from: source, to: before(name), capacity: Infinity });
    edges.push({ from: before(name), to: after(name), capacity: 0 });
  }
  for (const node of unseeded) {
    // What only the way back computes it computes once, wherever that is; the rest would be done twice.
    const repeats = !isOwn.has(node) || mayRecompute(node, table);
    for (const output of node.output.filter((name) => name !== '')) {
      if (!repeats) edges.push({ from: source, to: before(output), capacity: Infinity });
      else for (const from of known(node, index)) edges.push(always(after(from), before(output)));
      edges.push({
        from: before(output),
        to: after(output),
        capacity: bytesOf(table, output, isOwn.has(node)),
      });
    }
  }
  for (const node of seeded) for (const name of known(node, index)) edges.push(always(after(name), sink));
  const side = minimumCut(2 * names.length + 2, edges, source, sink);
  if (side === undefined) {
    throw new OnnxGraphError(
      'a value that the way back reads, of unknown element type or rank',
      'declared types for what operators outside the standard compute',
      'add value_info for the outputs of such nodes.',
    );
  }
  return names.slice(given.length).filter((name) => !side.has(before(name)) && side.has(after(name)));
}

function givenValues(graph: Graph): readonly string[] {
  const sparse = graph.sparseInitializer.map(({ values }) => values?.name ?? '');
  const names = [...graph.input, ...graph.initializer].map(({ name }) => name);
  return [...new Set([...names, ...sparse])].filter((name) => name !== '');
}

function known(node: Node, index: ReadonlyMap<string, number>): readonly string[] {
  return readValues(node).filter((name) => index.has(name));
}

function always(from: number, to: number): Edge {
  return { from, to, capacity: Infinity };
}

/**
 * Bytes of a value. One that only the way back computes is kept if its size is known for certain; it counts a byte
 * an element more, so that where it is all the same, what is kept is a value of the model's own.
 */
export function bytesOf(table: ValueTable, name: string, isOwn: boolean = true): number {
  const [type, shape] = [table.type(name), table.shape(name)];
  const isCertain = shape?.every((dim) => dim !== undefined) === true;
  if (type === undefined || (!isOwn && !isCertain)) return Infinity;
  // A value of unknown rank counts as one of four dimensions.
  const dims = shape ?? new Array<undefined>(4).fill(undefined);
  return dims.reduce<number>(
    (bytes, dim) => bytes * dimensionAt(dim, UNKNOWN_DIMENSION),
    ELEMENTS[type].bytes + (isOwn ? 0 : 1),
  );
}
