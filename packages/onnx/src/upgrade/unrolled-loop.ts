import { attributeOf } from '../model/attributes.ts';
import type { Node, TensorProtoValue } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { createTensor, type TensorData } from '../model/tensor.ts';
import { freeName, type InlinedBody, inlinedBody, type Taken } from './inlined-body.ts';

/** A Loop as its rounds, one after the other; what it gathers round by round is stacked. */
export function unrolledLoop(node: Node, rounds: number, taken: Taken): InlinedBody {
  const body = attributeOf(node, 'body')!.g!;
  const [counter, condition, ...carriedInside] = body.input.map(({ name }) => name);
  const results = body.output.map(({ name }) => name);
  const nodes: Node[] = [];
  const initializers: TensorProtoValue[] = [];
  const constant = (tensor: TensorData): string => {
    const name = freeName(`${node.output[0]}/constant`, taken.values);
    initializers.push(createTensor(name, tensor));
    return name;
  };
  const add = (operator: string, inputs: readonly string[], output: string): void => {
    nodes.push(createNode(freeName(output, taken.nodes), operator, inputs, [output]));
  };
  let carried = node.input.slice(2);
  const isOpen = constant({ type: 'bool', dims: [], data: Uint8Array.of(1) });
  const gathered: string[][] = results.slice(1 + carried.length).map(() => []);
  for (let round = 0; round < rounds; round++) {
    const count = constant({ type: 'int64', dims: [], data: BigInt64Array.of(BigInt(round)) });
    const inputs = new Map([
      [counter!, count],
      [condition!, isOpen],
      ...carriedInside.map((name, i) => [name, carried[i]!] as const),
    ]);
    const outputs = results.map((name) => freeName(`${node.output[0]}/${name}`, taken.values));
    const part = inlinedBody(
      { nodes: body.node, initializers: body.initializer, outputs: results, inputs },
      outputs,
      taken,
    );
    nodes.push(...part.nodes);
    initializers.push(...part.initializers);
    carried = outputs.slice(1, 1 + carried.length);
    for (const [i, list] of gathered.entries()) list.push(outputs[1 + carried.length + i]!);
  }
  carried.forEach((name, i) => {
    if ((node.output[i] ?? '') !== '') add('Identity', [name], node.output[i]!);
  });
  gathered.forEach((list, i) => {
    const output = node.output[carried.length + i] ?? '';
    if (output === '') return;
    const sequence = freeName(`${output}/rounds`, taken.values);
    add('SequenceConstruct', list, sequence);
    const join = createNode(freeName(output, taken.nodes), 'ConcatFromSequence', [sequence], [output], {
      axis: { int: 0 },
      new_axis: { int: 1 },
    });
    nodes.push(join);
  });
  return { nodes, initializers };
}
