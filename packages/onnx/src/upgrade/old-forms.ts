import type { GraphBuilder } from '../builder/graph-builder.ts';
import {
  attributeOf,
  createAttribute,
  floatAttribute,
  intAttribute,
  intsAttribute,
} from '../model/attributes.ts';
import type { Node } from '../model/model.ts';
import { withFields } from '../model/with-fields.ts';

/** Writes a node of opset 7 to 10 in the form of 11; undefined where the form is the same. */
export function oldForm(builder: GraphBuilder, node: Node, opset: number): Node | undefined {
  const constant = (name: string, numbers: readonly number[] | undefined): string => {
    if (numbers === undefined) return '';
    const tensor = {
      type: 'int64',
      dims: [numbers.length],
      data: BigInt64Array.from(numbers, BigInt),
    } as const;
    return builder.constant(tensor, `${node.output[0]}/${name}`);
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
      return rewritten(node, [x, ...parts], ['starts', 'ends', 'axes']);
    }
    case 'TopK':
      if (opset >= 10) return undefined;
      return rewritten(node, [x, constant('k', [intAttribute(node, 'k', 1)])], ['k']);
    case 'Clip':
      return rewritten(node, [x, scalar('min'), scalar('max')], ['min', 'max']);
    case 'Pad':
      return rewritten(
        node,
        [x, constant('pads', intsAttribute(node, 'pads')), scalar('value', 0)],
        ['pads', 'value'],
      );
    case 'Resize': {
      const attribute = [
        ...node.attribute,
        createAttribute('coordinate_transformation_mode', { string: 'asymmetric' }),
        createAttribute('nearest_mode', { string: 'floor' }),
      ];
      return withFields(node, { attribute, input: [x, '', node.input[1]!] });
    }
    default:
      return undefined;
  }
}

function rewritten(node: Node, inputs: readonly string[], gone: readonly string[]): Node {
  const input = [...inputs];
  while (input.at(-1) === '') input.pop();
  return withFields(node, { input, attribute: node.attribute.filter(({ name }) => !gone.includes(name)) });
}
