import { test as base, describe, expect } from 'vitest';
import { FunctionWriter } from './function-writer.ts';
import { hasFusedMultiplyAdd } from './fused-multiply-add.ts';
import { simdExp } from './simd-exp.ts';
import { wasmModule } from './wasm-module.ts';

/** e^x of each number, four at a time in WebAssembly. */
async function exponentials(values: readonly number[], fused: boolean): Promise<Float32Array> {
  const writer = new FunctionWriter(1, { fused });
  const address = writer.parameter(0);
  writer.store(address, simdExp(writer, writer.load(address)));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { instance } = await WebAssembly.instantiate(wasmModule({ exp: writer }), { env: { memory } });
  const run = instance.exports.exp as (address: number) => void;
  const view = new Float32Array(memory.buffer, 0, 4);
  return Float32Array.from(values, (value) => {
    view.fill(value);
    run(0);
    expect(view.every((lane) => Object.is(lane, view[0]))).toBe(true);
    return view[0]!;
  });
}

describe.each([
  { products: 'rounded', fused: false },
  { products: 'fused', fused: true },
])('e^x in WebAssembly, $products products', ({ fused }) => {
  const test = fused && !hasFusedMultiplyAdd() ? base.skip : base;

  test('is within 1.5 units in the last place, wherever it is a normal number', async () => {
    const values = Array.from({ length: 20_001 }, (_, k) => Math.fround(-87.3 + (k * 175.6) / 20_000));
    const actual = await exponentials(values, fused);
    const worst = values.reduce((max, x, k) => Math.max(max, Math.abs(actual[k]! / Math.exp(x) - 1)), 0);
    expect(worst).toBeLessThan(1.5 * 2 ** -23);
  });

  test('is exact at 0', async () => {
    expect(Array.from(await exponentials([0, -0], fused))).toEqual([1, 1]);
  });

  test('is 0 far below, stays in range far above, and keeps NaN', async () => {
    const far = await exponentials([-87.34, -1e4, -3e38, Number.NEGATIVE_INFINITY, Number.NaN], fused);
    expect(Array.from(far)).toEqual([0, 0, 0, 0, Number.NaN]);
    for (const large of await exponentials([88.4, 1e5, 3e38, Number.POSITIVE_INFINITY], fused)) {
      expect(large).toBeGreaterThan(2e38);
      expect(large).toBeLessThan(3.4e38);
    }
  });
});
