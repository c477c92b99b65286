import type { GraphBuilder } from '../builder/graph-builder.ts';
import {
  attributeOf,
  floatAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../model/attributes.ts';
import { int64List } from '../model/integers.ts';
import { type Node, nodeName, unsupported } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { withFields } from '../model/with-fields.ts';
import type { ValueTable } from '../shapes/value-table.ts';

/** Nodes of opset 11 that say what a node of opset 7 to 10 does; undefined where the form is the same. */
export function oldForms(
  builder: GraphBuilder,
  node: Node,
  { opset, values }: { readonly opset: number; readonly values: ValueTable },
): readonly Node[] | undefined {
  const constant = (name: string, numbers: readonly number[] | undefined): string => {
    if (numbers === undefined) return '';
    return builder.constant(int64List(numbers), `${node.output[0]}/${name}`);
  };
  const scalar = (name: string, otherwise?: number): string => {
    if (attributeOf(node, name) === undefined && otherwise === undefined) return '';
    const data = Float32Array.of(floatAttribute(node, name, otherwise ?? 0));
    return builder.constant({ type: 'float32', dims: [], data }, `${node.output[0]}/${name}`);
  };
  const x = node.input[0]!;
  switch (node.opType) {
    case 'Slice': {
      if (opset >= 10) return undefined;
      const parts = ['starts', 'ends', 'axes'].map((name) => constant(name, intsAttribute(node, name)));
      return [rewritten(node, [x, ...parts], ['starts', 'ends', 'axes'])];
    }
    case 'TopK':
      if (opset >= 10) return undefined;
      return [rewritten(node, [x, constant('k', [intAttribute(node, 'k', 1)])], ['k'])];
    case 'Clip':
      return [rewritten(node, [x, scalar('min'), scalar('max')], ['min', 'max'])];
    case 'Pad':
      return [
        rewritten(
          node,
          [x, constant('pads', intsAttribute(node, 'pads')), scalar('value', 0)],
          ['pads', 'value'],
        ),
      ];
    case 'Scatter':
      return [withFields(node, { opType: 'ScatterElements' })];
    case 'Upsample':
    case 'Resize':
      return resized(builder, node, values);
    default:
      return undefined;
  }
}

/**
 * Coordinates were asymmetric. The nearest element was that before where a side grows and that after where it shrinks,
 * so that a node which does both becomes two.
 */
function resized(builder: GraphBuilder, node: Node, values: ValueTable): readonly Node[] {
  const [x, y] = [node.input[0]!, node.output[0]!];
  const listed = attributeOf(node, 'scales')?.floats;
  const floats = (numbers: readonly number[]): string =>
    builder.constant(
      { type: 'float32', dims: [numbers.length], data: Float32Array.from(numbers) },
      `${y}/scales`,
    );
  const scales = listed ?? values.elements(node.input[1] ?? '');
  const isNearest = stringAttribute(node, 'mode', 'nearest') === 'nearest';
  if (isNearest && node.opType === 'Resize' && !scales?.every((scale) => typeof scale === 'number'))
    throw unsupported(
      node,
      'scales that are known before it runs',
      'export the model with opset 11 or later, or with a fixed height and width.',
    );
  const one = (name: string, input: string, factors: string, nearest: string, output: string): Node =>
    createNode(name, 'Resize', [input, '', factors], [output], {
      mode: { string: isNearest ? 'nearest' : 'linear' },
      coordinate_transformation_mode: { string: 'asymmetric' },
      nearest_mode: { string: nearest },
    });
  const isShrunk = scales?.some((scale) => Number(scale) < 1) ?? false;
  const isGrown = scales?.some((scale) => Number(scale) > 1) ?? false;
  const given = listed === undefined ? node.input[1]! : floats(listed);
  if (!isNearest || scales === undefined || !isShrunk) return [one(nodeName(node), x, given, 'floor', y)];
  if (!isGrown) return [one(nodeName(node), x, given, 'ceil', y)];
  const between = builder.uniqueName(`${y}/shrunk`);
  const parts = [Math.min, Math.max].map((pick) => floats(scales.map((scale) => pick(Number(scale), 1))));
  return [one(between, x, parts[0]!, 'ceil', between), one(nodeName(node), between, parts[1]!, 'floor', y)];
}

function rewritten(node: Node, inputs: readonly string[], gone: readonly string[]): Node {
  const input = [...inputs];
  while (input.at(-1) === '') input.pop();
  return withFields(node, { input, attribute: node.attribute.filter(({ name }) => !gone.includes(name)) });
}
