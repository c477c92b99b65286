import { intAttribute } from '../../../model/attributes.ts';
import type { Rule, RuleCall, Rules } from '../../rule.ts';
import type { Cell } from './cell.ts';
import { gruCell } from './gru-cell.ts';
import { lstmCell } from './lstm-cell.ts';
import { recurrentGradients } from './recurrent-gradients.ts';
import { rnnCell } from './rnn-cell.ts';

/** Recurrent layers: the way back computes the gates once more, in one loop, and goes back through time in another. */
export const recurrent: Rules = {
  GRU: ruleFor(({ node }) => gruCell(intAttribute(node, 'linear_before_reset', 0) !== 0), [0, 1, 2, 3, 5]),
  LSTM: ruleFor(() => lstmCell, [0, 1, 2, 3, 5, 6, 7]),
  RNN: ruleFor(() => rnnCell, [0, 1, 2, 3, 5]),
};

function ruleFor(cellOf: (call: RuleCall) => Cell, inputs: readonly number[]): Rule {
  return { inputs, manyOutputs: true, gradient: (call) => recurrentGradients(call, cellOf(call)) };
}
