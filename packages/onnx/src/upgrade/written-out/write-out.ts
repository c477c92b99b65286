import { GraphBuilder } from '../../builder/graph-builder.ts';
import { Refusals } from '../../errors.ts';
import { graphOf, isStandardDomain, type Model, type Node } from '../../model/model.ts';
import { readValues } from '../../model/read-values.ts';
import { withFields } from '../../model/with-fields.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import { attention } from './attention.ts';
import { fusedActivations } from './fused-activations.ts';
import { fusedProducts } from './fused-products.ts';
import { multiHeadAttention, packedAttention } from './multi-head-attention.ts';
import { rotaryEmbedding } from './rotary-embedding.ts';
import { simplifiedNormalization, skipNormalizations } from './skip-normalizations.ts';
import { Writing, type WrittenOut } from './writing.ts';

/** Operators made of others, in the standard domain. */
const STANDARD: Readonly<Record<string, WrittenOut>> = {
  Attention: attention,
  RotaryEmbedding: rotaryEmbedding,
  SimplifiedLayerNormalization: simplifiedNormalization,
};

/** Those of `com.microsoft`, which onnxruntime's optimiser writes. */
const MICROSOFT: Readonly<Record<string, WrittenOut>> = {
  ...fusedActivations,
  ...fusedProducts,
  ...skipNormalizations,
  Attention: packedAttention,
  MultiHeadAttention: multiHeadAttention,
};

/** Operators that are written out before gradients are taken, with their domain. */
export const WRITTEN_OUT: readonly { readonly domain: string; readonly operator: string }[] = [
  ...Object.keys(STANDARD).map((operator) => ({ domain: '', operator })),
  ...Object.keys(MICROSOFT).map((operator) => ({ domain: 'com.microsoft', operator })),
];

function writerOf({ domain, opType }: Node): WrittenOut | undefined {
  const operators = isStandardDomain(domain) ? STANDARD : domain === 'com.microsoft' ? MICROSOFT : {};
  return Object.hasOwn(operators, opType) ? operators[opType] : undefined;
}

/**
 * The model with operators that others are made of (attention as one node, what onnxruntime's optimiser fuses) written
 * out.
 *
 * @throws UnsupportedOperatorError naming every node of which it is not known how, as it is used
 */
export function writeOut(model: Model): Model {
  const graph = graphOf(model);
  if (!graph.node.some((node) => writerOf(node) !== undefined)) return model;
  const values = ValueTable.ofDeclarations(model);
  const builder = GraphBuilder.rewrite(model);
  const refusals = new Refusals();
  const read = new Set([...graph.node.flatMap(readValues), ...graph.output.map(({ name }) => name)]);
  for (const given of graph.node) {
    const write = writerOf(given);
    const output = given.output.map((name) => (read.has(name) ? name : ''));
    const node = write === undefined ? given : withFields(given, { output });
    const isWritten = refusals.attempt(() => {
      write?.(new Writing(builder, values, node));
      return write !== undefined;
    });
    if (isWritten === true) continue;
    // Of one that is refused on the way, some outputs may be there already.
    const rest = withFields(node, { output: node.output.map((name) => (builder.has(name) ? '' : name)) });
    builder.add(rest);
    values.add(rest);
  }
  refusals.throwIfAny();
  return builder.build();
}
