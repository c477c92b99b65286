import type { FunctionProto } from '../model/messages/onnx_pb.js';
import {
  type Attribute,
  graphOf,
  isStandardDomain,
  type Model,
  type Node,
  unsupported,
} from '../model/model.ts';
import { withFields } from '../model/with-fields.ts';
import { inlinedBody, takenIn } from './inlined-body.ts';

/** Functions inside functions; more are a sign of one that calls itself. */
const DEEPEST = 32;
/** Nodes that calls may become; more are a sign of a broken file. */
const MOST_NODES = 1_000_000;

/**
 * The model with the nodes of its own functions in the place of their calls, as PyTorch's newer exporter writes them.
 *
 * @throws UnsupportedOperatorError for a function in another opset than the model's, or one that calls itself
 */
export function inlineFunctions(model: Model): Model {
  if (model.functions.length === 0) return model;
  const functions = new Map(model.functions.map((each) => [keyOf(each.domain, each.name), each]));
  const graph = graphOf(model);
  const taken = takenIn(graph);
  let written = 0;
  const inline = (node: Node, depth: number): readonly Node[] => {
    const called = functions.get(keyOf(node.domain, node.opType));
    if (called === undefined) return [node];
    written += called.node.length;
    if (depth > DEEPEST || written > MOST_NODES)
      throw unsupported(node, 'functions that do not call themselves', 'export the model again.');
    if (!isOfOpset(called, model))
      throw unsupported(
        node,
        'a function in the opset of the model',
        'export the model with functions inlined.',
      );
    const body = {
      nodes: called.node.map((each) => withArguments(each, called, node)),
      initializers: [],
      outputs: called.output,
      inputs: new Map(called.input.map((name, i) => [name, node.input[i] ?? ''])),
    };
    return inlinedBody(body, node.output, taken).nodes.flatMap((each) => inline(each, depth + 1));
  };
  const node = graph.node.flatMap((each) => inline(each, 1));
  return withFields(model, { functions: [], graph: withFields(graph, { node }) });
}

function keyOf(domain: string, name: string): string {
  return `${isStandardDomain(domain) ? '' : domain}:${name}`;
}

function isOfOpset({ opsetImport }: FunctionProto, model: Model): boolean {
  return opsetImport.every(
    ({ domain, version }) =>
      !isStandardDomain(domain) ||
      model.opsetImport.some((each) => isStandardDomain(each.domain) && each.version === version),
  );
}

/** A node of a function with the attributes of its call in the place of what stands for them. */
function withArguments(node: Node, called: FunctionProto, call: Node): Node {
  const attribute = node.attribute.flatMap((each): Attribute[] => {
    if (each.refAttrName === '') return [each];
    const isOurs = ({ name }: Attribute): boolean => name === each.refAttrName;
    const given = call.attribute.find(isOurs) ?? called.attributeProto.find(isOurs);
    return given === undefined ? [] : [withFields(given, { name: each.name })];
  });
  return withFields(node, { attribute });
}
