import { GraphBuilder } from '../builder/graph-builder.ts';
import { Refusals } from '../errors.ts';
import { intAttribute } from '../model/attributes.ts';
import { graphOf, isStandardDomain, type Model, type Node } from '../model/model.ts';
import { readValues } from '../model/read-values.ts';
import { ValueTable } from '../shapes/value-table.ts';
import { Writing } from './written-out/writing.ts';

/** Operators that make a list of tensors. */
const MAKERS: ReadonlySet<string> = new Set([
  'SplitToSequence',
  'SequenceConstruct',
  'SequenceEmpty',
  'SequenceInsert',
  'SequenceErase',
]);

/**
 * The model without lists of tensors, which PyTorch writes of splits into a number of parts that it does not know:
 * what takes an element of a list, or joins them, takes the tensors.
 *
 * @throws UnsupportedOperatorError naming the first list of which the elements are not known before it runs
 */
export function inlineSequences(model: Model): Model {
  const graph = graphOf(model);
  const isMaker = (node: Node): boolean => isStandardDomain(node.domain) && MAKERS.has(node.opType);
  if (!graph.node.some(isMaker)) return model;
  const values = ValueTable.ofDeclarations(model);
  const builder = GraphBuilder.rewrite(model);
  const lists = new Map<string, readonly string[]>();
  const refusals = new Refusals();
  const keep = (node: Node): void => {
    builder.add(node);
    values.add(node);
  };
  for (const node of graph.node) {
    const isList = isMaker(node) || readValues(node).some((name) => lists.has(name));
    if (!isList) {
      keep(node);
      continue;
    }
    refusals.attempt(() => {
      const writing = new Writing(builder, values, node);
      if (isMaker(node)) lists.set(node.output[0]!, elementsOf(writing, lists));
      else readList(writing, lists);
    });
    // What comes after reads what is not there now.
    refusals.throwIfAny();
  }
  return builder.build();
}

type Lists = ReadonlyMap<string, readonly string[]>;

function listOf(writing: Writing, lists: Lists): readonly string[] {
  const list = lists.get(writing.input(0));
  if (list === undefined) throw writing.refuse('a list whose tensors are known before it runs');
  return list;
}

/** A position in a list, counted from its start. */
function positionIn(writing: Writing, list: readonly string[], input: number): number {
  const position = writing.values.integers(writing.input(input))?.[0];
  if (position === undefined) throw writing.refuse('a position that is known before it runs');
  return position < 0 ? position + list.length : position;
}

function elementsOf(writing: Writing, lists: Lists): readonly string[] {
  const { node } = writing;
  switch (node.opType) {
    case 'SequenceEmpty':
      return [];
    case 'SequenceConstruct':
      return node.input;
    case 'SequenceInsert': {
      const list = listOf(writing, lists);
      const at = writing.has(2) ? positionIn(writing, list, 2) : list.length;
      return list.toSpliced(at, 0, writing.input(1));
    }
    case 'SequenceErase': {
      const list = listOf(writing, lists);
      return list.toSpliced(writing.has(1) ? positionIn(writing, list, 1) : list.length - 1, 1);
    }
    default:
      return partsOf(writing);
  }
}

/** Parts of a tensor along an axis: of sizes that are given, all of one size but the last, or of size 1. */
function partsOf(writing: Writing): readonly string[] {
  const { node } = writing;
  const x = writing.input(0);
  const rank = writing.rank(x);
  const axis = (intAttribute(node, 'axis', 0) + rank) % rank;
  const given = writing.has(1) ? writing.values.integers(writing.input(1)) : [1];
  if (given === undefined) throw writing.refuse('sizes of parts that are known before it runs');
  const isOneSize = !writing.has(1) || writing.shape(writing.input(1))?.length === 0;
  const sizes = isOneSize ? equalSizes(writing.size(x, axis), given[0]!) : given;
  const parts = writing.split(x, axis, sizes);
  const isFlat = !writing.has(1) && intAttribute(node, 'keepdims', 1) === 0;
  return isFlat ? parts.map((part) => writing.squeeze(part, axis)) : parts;
}

function equalSizes(whole: number, size: number): readonly number[] {
  return Array.from({ length: Math.ceil(whole / size) }, (_, i) => Math.min(size, whole - i * size));
}

function readList(writing: Writing, lists: Lists): void {
  const { node } = writing;
  const list = listOf(writing, lists);
  switch (node.opType) {
    case 'SequenceAt': {
      const element = list[positionIn(writing, list, 1)];
      if (element === undefined) throw writing.refuse('a position inside the list');
      writing.give(0, 'Identity', [element]);
      return;
    }
    case 'SequenceLength':
      writing.give(0, 'Identity', [writing.integerScalar(list.length)]);
      return;
    case 'ConcatFromSequence': {
      const axis = intAttribute(node, 'axis', 0);
      const isNew = intAttribute(node, 'new_axis', 0) !== 0;
      const parts = isNew ? list.map((part) => writing.unsqueeze(part, axis)) : list;
      writing.give(0, 'Concat', parts, { axis: { int: axis } });
      return;
    }
    default:
      throw writing.refuse('lists that are only joined, or read element by element');
  }
}
