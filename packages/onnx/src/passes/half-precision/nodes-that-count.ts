import { intAttribute } from '../../model/attributes.ts';
import { elementTypeOf } from '../../model/element-type.ts';
import { type Graph, isStandardDomain, type Node } from '../../model/model.ts';
import { readValues } from '../../model/read-values.ts';

/** What normalises an input. */
const NORMALISES: ReadonlySet<string> = new Set(
  'Add Sub Mul Div Neg Pow Sqrt ReduceMean Identity'.split(' '),
);

/**
 * What is computed of shapes alone, casts to whole numbers, and what nothing but they read. And what is done to a float32
 * input before its first layer: onnxruntime 1.30 refuses a layer normalisation in pieces behind a Cast.
 */
export function nodesThatCount(graph: Graph, inputs: ReadonlySet<string>): ReadonlySet<Node> {
  const counting = new Set<Node>();
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const ofShapes = new Set<string>();
  const normalised = new Set(inputs);
  for (const node of graph.node) {
    const read = readValues(node).filter((name) => !constants.has(name));
    const isConstant = read.length === 0 && !/^Random/.test(node.opType);
    const isOfShapes = read.length > 0 && read.every((name) => ofShapes.has(name));
    const isNormalised =
      read.length > 0 &&
      isStandardDomain(node.domain) &&
      NORMALISES.has(node.opType) &&
      read.every((name) => normalised.has(name));
    if (isOfShapes || isNormalised) counting.add(node);
    const isShape = /^(Shape|Size)$/.test(node.opType);
    for (const name of node.output) {
      if (isNormalised) normalised.add(name);
      if (isConstant) constants.add(name);
      else if (isOfShapes || isShape) ofShapes.add(name);
    }
  }
  const elsewhere = new Set(graph.output.map(({ name }) => name));
  const read = new Set<string>();
  for (const node of graph.node.toReversed()) {
    const isCast = node.opType === 'Cast' && !isFloatCode(intAttribute(node, 'to', 0));
    const isReadByThem = node.output.some((name) => read.has(name));
    const isAlone = isReadByThem && node.output.every((name) => !elsewhere.has(name));
    if (isCast || isAlone) {
      counting.add(node);
      for (const name of node.input) read.add(name);
    } else for (const name of readValues(node)) elsewhere.add(name);
  }
  return counting;
}

function isFloatCode(code: number): boolean {
  return elementTypeOf(code)?.includes('float') ?? true;
}
