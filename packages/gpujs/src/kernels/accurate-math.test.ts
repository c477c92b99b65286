import { marginLoss, type TensorOps } from '@cf/core';
import { GPU } from 'gpu.js';
import { afterAll, describe, expect, test } from 'vitest';
import { negativeSource } from './formula-source.ts';
import { KernelSet } from './kernel-set.ts';
import { COLUMN, type KernelSource, kernelText } from './kernel-source.ts';

const modes = ['cpu', 'webasm'] as const;
const gpus = new Map(modes.map((mode) => [mode, new GPU({ mode })]));
afterAll(() => Promise.all([...gpus.values()].map((gpu) => gpu.destroy())));

const functions = ['sin', 'cos', 'atan', 'log1p', 'expm1'] as const;

/** Numbers of either sign, those near the ends of every series, and multiples of π/4. */
const points = [
  ...Array.from({ length: 81 }, (_, n) => (n - 40) * (Math.PI / 4)),
  ...[1e-12, 1e-7, 1e-3, 0.41, 0.4143, 0.499, 0.501, 0.99, 0.9999, 1.01, 2.5, 30].flatMap((x) => [x, -x]),
  0,
].map(Math.fround);

describe.each(modes)('mode %s', (mode) => {
  test.each(functions)(
    '%s keeps the digits of float32, and calls nothing that a shader computes with few',
    async (name) => {
      const loss = {
        ...marginLoss({ name }),
        negative: <T, M>(ops: TensorOps<T, M>, cos: T) => ({ value: ops[name](cos), dCos: ops.constant(1) }),
      };
      const { lines, outputs } = negativeSource(loss, ['value']);
      expect(lines.join('\n')).not.toContain(`Math.${name}(`);
      const body = [`const cos = x[${COLUMN}];`, ...lines, `return ${outputs.value};`];
      const source: KernelSource = { name, text: kernelText(['x'], body), output: ({ count }) => [count!] };
      const at = name === 'log1p' ? points.filter((x) => x > -1) : points;
      const set = new KernelSet(gpus.get(mode)!, mode);
      const given = (await set.run(source, { count: at.length }, [Float32Array.from(at)])) as Float32Array;
      for (const [i, x] of at.entries()) {
        const expected = Math[name](x);
        // Near a zero of a sine only the absolute error is small.
        const floor = (name === 'sin' || name === 'cos') && Math.abs(x) > 0.5 ? 3e-7 : 1e-30;
        expect(Math.abs(given[i]! - expected), `${name}(${x})`).toBeLessThan(
          4e-7 * Math.abs(expected) + floor,
        );
      }
      set.dispose();
    },
  );
});
