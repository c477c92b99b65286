import '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tfjsBackend } from '../backend/tfjs-backend.ts';
import { atan, cos, expm1, log1p, sin } from './elementary.ts';

describe.each(['cpu', 'wasm'])('on the %s backend', (backend) => {
  const one = (f: (x: tf.Tensor) => tf.Tensor, x: number): number =>
    tf.tidy(() => f(tf.scalar(x)).dataSync()[0]!);

  // Relative to the value, or to 1 where a function passes through 0 away from 0.
  test.each([
    [
      'log1p',
      log1p,
      Math.log1p,
      fc.float({ min: Math.fround(-0.9999), max: Math.fround(1e30), noNaN: true }),
      0,
    ],
    ['expm1', expm1, Math.expm1, fc.float({ min: -100, max: 80, noNaN: true }), 0],
    ['atan', atan, Math.atan, fc.float({ noNaN: true, noDefaultInfinity: true }), 0],
    ['sin', sin, Math.sin, fc.float({ min: -100, max: 100, noNaN: true }), 1],
    ['cos', cos, Math.cos, fc.float({ min: -100, max: 100, noNaN: true }), 1],
  ] as const)('%s keeps its digits', async (_name, ours, exact, arguments_, size) => {
    await tfjsBackend({ backend });
    const check = (x: number): void => {
      const expected = exact(x);
      const tolerance = size === 0 ? 5e-7 * Math.abs(expected) : 2e-7;
      // Numbers under the smallest normal one may be flushed to 0.
      expect(Math.abs(one(ours, x) - expected)).toBeLessThanOrEqual(1.2e-38 + tolerance);
    };
    fc.assert(fc.property(arguments_, check));
    for (const x of [0, 1e-30, 1e-12, 1e-7, 1e-3, 0.5, 1].map(Math.fround)) check(x);
  });
});
