import { intAttribute, stringAttribute } from '../model/attributes.ts';
import type { Node, Shape } from '../model/model.ts';
import type { KnownValues } from './known-values.ts';

/** Shape of an output of RNN, GRU or LSTM: Y [T, D, N, H], and the last states [D, N, H]; N first with layout 1. */
export function recurrentShape(node: Node, output: number, values: KnownValues): Shape | undefined {
  const x = values.shape(node.input[0]!);
  const r = values.shape(node.input[2] ?? '');
  const isBatchFirst = intAttribute(node, 'layout', 0) !== 0;
  const [steps, batch] = isBatchFirst ? [x?.[1], x?.[0]] : [x?.[0], x?.[1]];
  const isBoth = stringAttribute(node, 'direction', 'forward').toLowerCase() === 'bidirectional';
  const directions = isBoth ? 2 : 1;
  const width = intAttribute(node, 'hidden_size', 0) || r?.[2];
  if (output > 0) return isBatchFirst ? [batch, directions, width] : [directions, batch, width];
  return isBatchFirst ? [batch, steps, directions, width] : [steps, directions, batch, width];
}
