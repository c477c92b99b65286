import { intAttribute, stringAttribute } from '../../model/attributes.ts';
import { inputShape, type ShapeRule, type ShapeRules } from '../known-values.ts';

/** All states, then the last one, and the last cell of an LSTM. */
const recurrent: ShapeRule = (node, values, x, output) => {
  if (output > (node.opType === 'LSTM' ? 2 : 1)) return undefined;
  const recurrence = inputShape(node, values, 2);
  const hidden = recurrence?.[2] ?? (intAttribute(node, 'hidden_size', 0) || undefined);
  const directions =
    recurrence?.[0] ?? (stringAttribute(node, 'direction', 'forward') === 'bidirectional' ? 2 : 1);
  const batchFirst = intAttribute(node, 'layout', 0) !== 0;
  const [steps, batch] = batchFirst ? [x?.[1], x?.[0]] : [x?.[0], x?.[1]];
  if (output > 0) return batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  return batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
};

export const RECURRENT: ShapeRules = { LSTM: recurrent, GRU: recurrent, RNN: recurrent };
