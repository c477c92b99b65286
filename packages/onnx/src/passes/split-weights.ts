import { elementTypeOf } from '../model/element-type.ts';
import { type Graph, isOperator, type Node, nodeName, type TensorProtoValue } from '../model/model.ts';
import { ownValues, readValues } from '../model/read-values.ts';
import { readTensor } from '../model/tensor.ts';
import { withFields } from '../model/with-fields.ts';
import { freeName } from '../upgrade/inlined-body.ts';
import type { Note } from './note.ts';

/**
 * The graph with a weight of its own for each layer where an exporter merged equal ones: those that stand behind
 * Identity nodes with the name of another parameter, and constants of one value (ones, zeros) that several
 * normalisations read. Running statistics are always a normalisation's own.
 *
 * @param keepShared weights stay shared; only running statistics get apart
 */
export function splitWeights(
  graph: Graph,
  keepShared: boolean,
): { readonly graph: Graph; readonly notes: readonly Note[] } {
  const split = new WeightSplit(graph, keepShared);
  return { graph: split.graph(), notes: split.notes() };
}

interface Place {
  readonly node: Node;
  readonly input: number;
}

class WeightSplit {
  readonly #source: Graph;
  readonly #keepShared: boolean;
  readonly #names: Set<string>;
  readonly #added: TensorProtoValue[] = [];
  readonly #inputs: Map<Node, string[]> = new Map();
  readonly #removed: Set<Node> = new Set();
  readonly #split: Set<string> = new Set();
  readonly #shared: Set<string> = new Set();

  constructor(graph: Graph, keepShared: boolean) {
    this.#source = graph;
    this.#keepShared = keepShared;
    this.#names = new Set(ownValues(graph));
    const readers = placesByValue(graph);
    const outputs = new Set(graph.output.map(({ name }) => name));
    for (const tensor of graph.initializer)
      if (elementTypeOf(tensor.dataType)?.startsWith('float')) this.#splitOne(tensor, readers, outputs);
  }

  #splitOne(
    tensor: TensorProtoValue,
    readers: ReadonlyMap<string, readonly Place[]>,
    outputs: ReadonlySet<string>,
  ): void {
    const groups = new Map<string, Place[]>();
    const identities: Node[] = [];
    const visit = (value: string): void => {
      for (const place of readers.get(value) ?? []) {
        const next = place.node.output[0]!;
        if (isOperator(place.node, 'Identity') && !outputs.has(next)) {
          identities.push(place.node);
          visit(next);
        } else groups.set(value, [...(groups.get(value) ?? []), place]);
      }
    };
    visit(tensor.name);
    const places = [...groups.values()].flat();
    if (places.length < 2) return;
    const statistics = new Set(places.filter(isStatistic));
    const own = this.#groupsOf(tensor, groups, statistics);
    if (own.length > 1) {
      this.#split.add(tensor.name);
      // The initializer stays with the first layer that reads it under its own name, or with the first of all.
      const first = own.find(({ name }) => name === tensor.name) ?? own[0]!;
      for (const group of own) {
        const name = group === first ? tensor.name : this.#copy(tensor, group.name, identities);
        for (const place of group.places) this.#read(place, name);
      }
      for (const node of identities) this.#removed.add(node);
    }
    if (own.some(({ places: shared }) => new Set(shared.map(({ node }) => node)).size > 1))
      this.#shared.add(tensor.name);
  }

  #groupsOf(
    tensor: TensorProtoValue,
    groups: ReadonlyMap<string, readonly Place[]>,
    statistics: ReadonlySet<Place>,
  ): readonly { readonly name: string; readonly places: readonly Place[] }[] {
    const own: { name: string; places: readonly Place[] }[] = [];
    const together: Place[] = [];
    for (const [value, places] of groups) {
      const weights = places.filter((place) => !statistics.has(place));
      const isMerged = weights.length > 1 && weights.every(isNorm) && isUniform(tensor);
      if (this.#keepShared) together.push(...weights);
      else if (isMerged)
        for (const [i, place] of weights.entries())
          own.push({ name: i === 0 ? value : `${nodeName(place.node)}.${value}`, places: [place] });
      else if (weights.length > 0) own.push({ name: value, places: weights });
      for (const place of places.filter((each) => statistics.has(each))) {
        const isNamed = weights.length === 0 && places.length === 1;
        own.push({ name: isNamed ? value : `${nodeName(place.node)}.${value}`, places: [place] });
      }
    }
    return together.length === 0 ? own : [{ name: tensor.name, places: together }, ...own];
  }

  /** @param identities nodes that go, whose names are free */
  #copy(tensor: TensorProtoValue, hint: string, identities: readonly Node[]): string {
    const isFreed = identities.some(({ output }) => output[0] === hint);
    if (isFreed && this.#added.every(({ name }) => name !== hint)) this.#names.delete(hint);
    const name = freeName(hint, this.#names);
    this.#added.push(withFields(tensor, { name }));
    return name;
  }

  #read({ node, input }: Place, name: string): void {
    const inputs = this.#inputs.get(node) ?? [...node.input];
    inputs[input] = name;
    this.#inputs.set(node, inputs);
  }

  graph(): Graph {
    if (this.#added.length === 0) return this.#source;
    const node = this.#source.node
      .filter((each) => !this.#removed.has(each))
      .map((each) => {
        const input = this.#inputs.get(each);
        return input === undefined ? each : withFields(each, { input });
      });
    return withFields(this.#source, { node, initializer: [...this.#source.initializer, ...this.#added] });
  }

  notes(): readonly Note[] {
    const notes: Note[] = [];
    const [before, after] = [this.#split.size, this.#split.size + this.#added.length];
    const text = this.#keepShared
      ? `${before} constants that an exporter merged are split into ${after}: running statistics are each layer's own.`
      : `${before} weights that an exporter merged are split into ${after}, each layer its own; where they were meant to be shared, keep them shared.`;
    const names = [...this.#split, ...this.#added.map(({ name }) => name)];
    if (this.#added.length > 0) notes.push({ kind: 'weights-split', text, names });
    if (this.#shared.size > 0)
      notes.push({
        kind: 'weights-shared',
        text: `${this.#shared.size} weights are read by several layers and train as one.`,
        names: [...this.#shared],
      });
    return notes;
  }
}

function placesByValue(graph: Graph): ReadonlyMap<string, readonly Place[]> {
  const places = new Map<string, Place[]>();
  for (const node of graph.node) {
    for (const [input, name] of node.input.entries()) {
      const list = places.get(name) ?? [];
      list.push({ node, input });
      places.set(name, list);
    }
    // What a subgraph reads stays as it is.
    for (const name of readValues(node)) if (!node.input.includes(name)) places.delete(name);
  }
  return places;
}

function isStatistic({ node, input }: Place): boolean {
  return isOperator(node, 'BatchNormalization') && input >= 3;
}

function isNorm({ node, input }: Place): boolean {
  return isOperator(node, 'BatchNormalization') && input > 0;
}

function isUniform(tensor: TensorProtoValue): boolean {
  const { data } = readTensor(tensor);
  return Array.from(data as Float32Array).every((value) => value === data[0]);
}
