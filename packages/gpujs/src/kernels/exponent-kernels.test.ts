import fc from 'fast-check';
import { GPU } from 'gpu.js';
import { afterAll, describe, expect, test } from 'vitest';
import { matrixInput } from '../matrix-input.ts';
import { exponentKernels } from './exponent-kernels.ts';
import { KernelSet, type KernelValue } from './kernel-set.ts';
import { LARGEST } from './kernel-source.ts';

const modes = ['cpu', 'webasm'] as const;
const gpus = new Map(modes.map((mode) => [mode, new GPU({ mode })]));
afterAll(() => Promise.all([...gpus.values()].map((gpu) => gpu.destroy())));

/** One chunk of one sample: its logits, none where it holds only the sample's own class. */
const chunk = fc.array(fc.float({ min: -1024, max: 1024, noNaN: true }), { maxLength: 3 });
const tiles = fc.array(fc.array(chunk, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 3 });
const finite = fc.float({ min: -1024, max: 1024, noNaN: true });

describe.each(modes)('mode %s', (mode) => {
  test('tiles of chunks come to the softmax over all their logits and the target', async () => {
    const set = new KernelSet(gpus.get(mode)!, mode);
    await fc.assert(
      fc.asyncProperty(
        tiles,
        finite,
        fc.float({ min: 0, max: 2, noNaN: true }),
        async (tiles, target, slope) => {
          let running: KernelValue = [Float32Array.of(target, 1)];
          for (const chunks of tiles) {
            const largest = chunks.map((logits) => Float32Array.of(Math.max(-LARGEST, ...logits)));
            const sums = chunks.map((logits, c) =>
              Float32Array.of(logits.reduce((sum, logit) => sum + Math.exp(logit - largest[c]![0]!), 0)),
            );
            const sizes = { batch: 1, chunks: chunks.length };
            running = await set.run(exponentKernels.merge, sizes, [running, largest, sums]);
          }
          const slopes = matrixInput(Float32Array.of(slope, 0.25 * slope), 2);
          const args = [running, slopes];
          const [row] = (await set.run(exponentKernels.factors, { batch: 1 }, args)) as Float32Array[];
          const logits = [target, ...tiles.flat(2)];
          const shift = Math.max(...logits);
          expect(row![0]).toBe(shift);
          const factor = slope / logits.reduce((sum, logit) => sum + Math.exp(logit - shift), 0);
          // Below the normal numbers of float32 only the absolute error is small.
          expect(Math.abs(row![1]! - factor)).toBeLessThanOrEqual(1e-6 * factor + 1e-37);
          expect(row![2]).toBe(Math.fround(0.25 * slope));
        },
      ),
      { numRuns: 60 },
    );
    set.dispose();
  });
});
