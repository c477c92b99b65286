import { type Cell, joined, times, timesTransposed } from './cell.ts';

/**
 * Gates z, r and h: H = (1 − z) · h + z · H₋₁. The reset gate r multiplies H₋₁ before its product with R, or, with
 * `linear_before_reset`, that product and its bias.
 */
export function gruCell(isLinearBefore: boolean): Cell {
  return {
    gates: 3,
    states: 1,
    activations: ['Sigmoid', 'Tanh'],
    forward(body, w, pre, [h]) {
      const [f, g] = w.activations;
      const [z0, r0, h0] = body.split(pre, 3, body.outside(w.widths));
      const gate = (x: string, at: number): string =>
        f!.value(body, body.op('Add', [x, timesTransposed(body, h!, w.recurrentParts[at]!)]));
      const [update, reset] = [gate(z0!, 0), gate(r0!, 1)];
      const seen = isLinearBefore
        ? body.op('Mul', [
            reset,
            body.op('Add', [timesTransposed(body, h!, w.recurrentParts[2]!), body.outside(w.biasParts[2]!)]),
          ])
        : timesTransposed(body, body.op('Mul', [reset, h!]), w.recurrentParts[2]!);
      const candidate = g!.value(body, body.op('Add', [h0!, seen]));
      const difference = body.op('Sub', [h!, candidate]);
      const next = body.op('Add', [candidate, body.op('Mul', [update, difference])]);
      return { states: [next], saved: joined(body, [update, reset, candidate]) };
    },
    backward(body, w, { saved, before: [h], gradients: [dh] }) {
      const [f, g] = w.activations;
      const one = body.outside(w.one);
      const mul = (a: string, b: string): string => body.op('Mul', [a, b]);
      const [update, reset, candidate] = body.split(saved, 3, body.outside(w.widths));
      const dUpdate = mul(mul(dh!, body.op('Sub', [h!, candidate!])), f!.slope(body, update!, one));
      const share = mul(dh!, body.op('Sub', [one, update!]));
      const dCandidate = mul(share, g!.slope(body, candidate!, one));
      const slope = f!.slope(body, reset!, one);
      let dReset: string;
      let fromCandidate: string;
      let stateOfCandidate: string;
      if (isLinearBefore) {
        const product = timesTransposed(body, h!, w.recurrentParts[2]!);
        const sum = body.op('Add', [product, body.outside(w.biasParts[2]!)]);
        dReset = mul(mul(dCandidate, sum), slope);
        stateOfCandidate = mul(dCandidate, reset!);
        fromCandidate = times(body, stateOfCandidate, w.recurrentParts[2]!);
      } else {
        const product = times(body, dCandidate, w.recurrentParts[2]!);
        dReset = mul(mul(product, h!), slope);
        stateOfCandidate = dCandidate;
        fromCandidate = mul(product, reset!);
      }
      const fromGates = body.op('Add', [
        times(body, dUpdate, w.recurrentParts[0]!),
        times(body, dReset, w.recurrentParts[1]!),
      ]);
      const back = body.op('Add', [body.op('Add', [mul(dh!, update!), fromCandidate]), fromGates]);
      return {
        states: [back],
        fromInput: joined(body, [dUpdate, dReset, dCandidate]),
        fromState: joined(body, [dUpdate, dReset, stateOfCandidate]),
      };
    },
  };
}
