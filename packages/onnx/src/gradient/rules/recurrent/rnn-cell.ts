import { type Cell, times, timesTransposed } from './cell.ts';

/** h = f(x + h₋₁ · Rᵀ). */
export const rnnCell: Cell = {
  gates: 1,
  states: 1,
  activations: ['Tanh'],
  forward(body, w, pre, [h]) {
    const sum = body.op('Add', [pre, timesTransposed(body, h!, w.recurrent)]);
    const next = w.activations[0]!.value(body, sum);
    return { states: [next], saved: next };
  },
  backward(body, w, { saved, gradients: [dh] }) {
    const slope = w.activations[0]!.slope(body, saved, body.outside(w.one));
    const gate = body.op('Mul', [dh!, slope]);
    return { states: [times(body, gate, w.recurrent)], fromInput: gate, fromState: gate };
  },
};
