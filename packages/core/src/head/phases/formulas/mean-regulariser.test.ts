import fc from 'fast-check';
import { expect, test } from 'vitest';
import { magFace } from '../../../losses/mag-face.ts';
import { normFace } from '../../../losses/norm-face.ts';
import { batchOps } from '../../../readings/batch.ts';
import { dualOps, variable } from '../../../readings/dual.ts';
import { meanRegulariser } from './mean-regulariser.ts';

test('is the weighted mean over the batch, and its slopes are the derivatives', () => {
  const loss = magFace();
  const sample = fc.tuple(
    fc.double({ min: 11, max: 109, noNaN: true }),
    fc.double({ min: 0, max: 3, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 6 }), (samples) => {
      const [norm, weights] = [0, 1].map((k) => Float64Array.from(samples, (pair) => pair[k]!));
      const { mean, slopes } = meanRegulariser(batchOps, loss, norm!, weights!);
      let expected = 0;
      samples.forEach(([length, weight], i) => {
        const { value } = loss.regulariser!(dualOps, variable(length));
        expected += (weight * value.value) / samples.length;
        expect(Math.abs(slopes[i]! - (weight * value.slope) / samples.length)).toBeLessThan(1e-13);
      });
      expect(Math.abs(mean[0]! - expected)).toBeLessThanOrEqual(1e-13 * Math.max(1, expected));
    }),
  );
});

test('is 0 where the loss has none', () => {
  const { mean, slopes } = meanRegulariser(
    batchOps,
    normFace(),
    Float64Array.of(2, 3),
    Float64Array.of(1, 1),
  );
  expect([mean, slopes]).toEqual([Float64Array.of(0), Float64Array.of(0)]);
});
