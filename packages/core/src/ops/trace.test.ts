import { describe, expect, test } from 'vitest';
import { createLoss, LOSS_NAMES } from '../losses/registry.ts';
import { numberOps } from '../readings/number.ts';
import { type Node, traceFormula } from './trace.ts';

describe('traceFormula', () => {
  test('drops what no output depends on, inputs too', () => {
    const traced = traceFormula(['a', 'b'], (ops, { a, b }) => {
      ops.exp(ops.mul(a, b));
      return { out: ops.add(a, ops.constant(1)) };
    });
    expect(traced.inputs).toEqual(['a', 'b']);
    expect(traced.steps.map(({ op }) => op)).toEqual(['input', 'constant', 'add']);
  });

  test('makes equal steps once', () => {
    const traced = traceFormula(['a'], (ops, { a }) => ({
      first: ops.add(ops.sin(a), ops.constant(2)),
      second: ops.add(ops.sin(a), ops.constant(2)),
    }));
    expect(traced.steps).toHaveLength(4);
    expect(traced.outputs.first).toBe(traced.outputs.second);
  });

  test('keeps apart what differs: operands in another order, other operations, 0 and -0', () => {
    const { outputs } = traceFormula(['a', 'b'], (ops, { a, b }) => ({
      one: ops.sub(a, b),
      two: ops.sub(b, a),
      three: ops.add(a, b),
      zero: ops.constant(0),
      negative: ops.constant(-0),
      other: ops.constant(1),
    }));
    expect(new Set(Object.values(outputs).map(({ id }) => id)).size).toBe(6);
  });

  test('an input called like a constant or an operation is itself', () => {
    const { outputs } = traceFormula(['1', 'add(0,0)'], (ops, inputs) => ({
      name: inputs['1'],
      value: ops.constant(1),
      input: inputs['add(0,0)'],
      sum: ops.add(inputs['1'], inputs['1']),
    }));
    expect(new Set(Object.values(outputs).map(({ id }) => id)).size).toBe(4);
  });

  test('a chain of doublings has a step each, not 2^n', () => {
    const { steps } = traceFormula(['a'], (ops, { a }) => {
      let out = a;
      for (let n = 0; n < 100; n++) out = ops.add(out, out);
      return { out };
    });
    expect(steps).toHaveLength(101);
  });

  test.each(LOSS_NAMES)('%s: operands come before their use, every step is used, none twice', (name) => {
    const loss = createLoss(name, {}, { classCounts: [3, 8] });
    const ofSums = loss.negativeSums?.sampleValues(numberOps, { hardCosines: 1, hardCount: 1 }) ?? {};
    const { steps, outputs } = traceFormula(
      ['cos', 'sin', 'norm', ...loss.sampleValueNames, ...Object.keys(ofSums)],
      (ops, inputs) => {
        const { cos, sin, norm, ...row } = inputs;
        return { ...loss.target(ops, { cos: cos!, sin: sin!, norm: norm! }, row) };
      },
    );
    const seen = new Set<Node>();
    const used = new Set<Node>(Object.values(outputs));
    const printed = new Set<string>();
    for (const step of steps) {
      const args = 'args' in step ? step.args : [];
      for (const arg of args) {
        expect(seen.has(arg)).toBe(true);
        used.add(arg);
      }
      seen.add(step);
      printed.add(JSON.stringify({ ...step, id: 0, args: args.map(({ id }) => id) }));
    }
    expect(used).toEqual(seen);
    expect(printed.size).toBe(steps.length);
  });
});
