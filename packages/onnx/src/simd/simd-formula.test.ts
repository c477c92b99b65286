import { numberOps, type TensorOps, traceFormula } from '@cf/core';
import { test as base, describe, expect } from 'vitest';
import { runLanes, spread } from '../testing/run-lanes.ts';
import { hasFusedMultiplyAdd } from './fused-multiply-add.ts';
import { simdFormula } from './simd-formula.ts';

/** Every operation that a formula may take, in places where all of them count: θ, a power and a softplus of a cosine. */
function everything<T, M>(ops: TensorOps<T, M>, { cos, pivot }: { cos: T; pivot: T }): { value: T } {
  const one = ops.constant(1);
  const sin = ops.sqrt(ops.sub(one, ops.mul(cos, cos)));
  const half = ops.atan(ops.div(sin, ops.add(one, ops.abs(cos))));
  const narrow = ops.add(half, half);
  const obtuse = ops.greater(ops.constant(0), cos);
  const angle = ops.select(obtuse, ops.sub(ops.constant(Math.PI), narrow), narrow);
  const wave = ops.add(ops.cos(ops.mul(ops.constant(4), angle)), ops.sin(ops.mul(ops.constant(3), angle)));
  const power = ops.exp(ops.mul(pivot, ops.log(ops.add(cos, ops.constant(1.5)))));
  const softplus = ops.log1p(ops.exp(ops.neg(ops.abs(cos))));
  const hard = ops.or(ops.and(ops.greater(cos, pivot), ops.not(obtuse)), ops.greater(pivot, one));
  const chosen = ops.select(hard, ops.max(power, wave), ops.min(power, softplus));
  return { value: ops.add(chosen, ops.add(wave, ops.expm1(ops.mul(cos, pivot)))) };
}

describe.each([
  { products: 'rounded', fused: false },
  { products: 'fused', fused: true },
])('a formula in WebAssembly, $products products', ({ fused }) => {
  const test = fused && !hasFusedMultiplyAdd() ? base.skip : base;

  test('may take every operation', async () => {
    const formula = traceFormula(['cos', 'pivot'], everything);
    const taken = new Set<string>(formula.steps.map(({ op }) => op));
    for (const name of Object.keys(numberOps)) expect(taken).toContain(name);
    const rows = [-0.9, -0.2, 0.3, 0.95, 1.2].flatMap((pivot) =>
      spread(-0.999, 0.999, 501).map((cos) => [Math.fround(cos), Math.fround(pivot)]),
    );
    const actual = await runLanes(
      (writer, cos, pivot) => simdFormula(writer, formula, { cos: cos!, pivot: pivot! }, ['value']).value,
      rows,
      fused,
    );
    rows.forEach(([cos, pivot], k) => {
      const expected = everything(numberOps, { cos: cos!, pivot: pivot! }).value;
      expect(Math.abs(actual[k]! - expected)).toBeLessThan(3e-6);
    });
  });
});
