import { type Cell, joined, times, timesTransposed } from './cell.ts';

/**
 * Gates i, o, f and c: C = f · C₋₁ + i · c, H = o · h(C), where i and f may also see C₋₁, and o sees C, through
 * peepholes.
 */
export const lstmCell: Cell = {
  gates: 4,
  states: 2,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  forward(body, w, pre, [h, c]) {
    const [f, g, out] = w.activations;
    const sum = body.op('Add', [pre, timesTransposed(body, h!, w.recurrent)]);
    const [i0, o0, f0, c0] = body.split(sum, 4, body.outside(w.widths));
    const peeped = (value: string, state: string, gate: number): string => {
      if (w.peepholes === undefined) return value;
      return body.op('Add', [value, body.op('Mul', [state, body.outside(w.peepholes[gate]!)])]);
    };
    const input = f!.value(body, peeped(i0!, c!, 0));
    const forget = f!.value(body, peeped(f0!, c!, 2));
    const candidate = g!.value(body, c0!);
    const kept = body.op('Mul', [forget, c!]);
    const cell = body.op('Add', [kept, body.op('Mul', [input, candidate])]);
    const output = f!.value(body, peeped(o0!, cell, 1));
    const hidden = body.op('Mul', [output, out!.value(body, cell)]);
    return { states: [hidden, cell], saved: joined(body, [input, output, forget, candidate]) };
  },
  backward(body, w, { saved, before: [, c], after: [, cell], gradients: [dh, dc] }) {
    const [f, g, out] = w.activations;
    const one = body.outside(w.one);
    const times3 = (a: string, b: string, slope: string): string =>
      body.op('Mul', [body.op('Mul', [a, b]), slope]);
    const peeped = (value: string, gate: string, at: number): string => {
      if (w.peepholes === undefined) return value;
      return body.op('Add', [value, body.op('Mul', [gate, body.outside(w.peepholes[at]!)])]);
    };
    const [input, output, forget, candidate] = body.split(saved, 4, body.outside(w.widths));
    const shown = out!.value(body, cell!);
    const dOutput = times3(dh!, shown, f!.slope(body, output!, one));
    const through = times3(dh!, output!, out!.slope(body, shown, one));
    const dCell = peeped(body.op('Add', [dc!, through]), dOutput, 1);
    const dInput = times3(dCell, candidate!, f!.slope(body, input!, one));
    const dForget = times3(dCell, c!, f!.slope(body, forget!, one));
    const dCandidate = times3(dCell, input!, g!.slope(body, candidate!, one));
    const back = peeped(peeped(body.op('Mul', [dCell, forget!]), dInput, 0), dForget, 2);
    const gates = joined(body, [dInput, dOutput, dForget, dCandidate]);
    return { states: [times(body, gates, w.recurrent), back], fromInput: gates, fromState: gates };
  },
};
