import { expect, test } from 'vitest';
import { OnnxGraphError } from '../../errors.ts';
import { type Embed, requireSeparateSamples } from './require-separate-samples.ts';

/** Sums of the samples, by whatever is asked of the batch. */
const sums =
  (change: (sums: number[]) => number[]): Embed =>
  (values, count) => {
    const size = values.length / count;
    const found = Array.from({ length: count }, (_, i) =>
      values.slice(i * size, (i + 1) * size).reduce((total, x) => total + x, 0),
    );
    return Promise.resolve(Float32Array.from(change(found)));
  };

test('samples that are embedded by themselves pass', async () => {
  await expect(
    requireSeparateSamples(
      sums((all) => all),
      7,
    ),
  ).resolves.toBeUndefined();
});

test.each<[string, RegExp, Embed]>([
  ['a mean of the batch', /otherwise when another/, sums((all) => all.map((x) => x - all[0]! / all.length))],
  ['samples the wrong way round', /otherwise when another/, sums((all) => all.toReversed())],
  ['one embedding for all', /gives 1 numbers for two samples and 1 for one/, sums((all) => all.slice(0, 1))],
  [
    'an error',
    /fails on two samples at once \(no\)/,
    (values, count) => (count > 1 ? Promise.reject(new Error('no')) : Promise.resolve(values)),
  ],
])('%s is refused', async (_, message, embed) => {
  const checked = requireSeparateSamples(embed, 7);
  await expect(checked).rejects.toThrow(OnnxGraphError);
  await expect(requireSeparateSamples(embed, 7)).rejects.toThrow(message);
});

test('what two samples give may differ by rounding alone', async () => {
  const beside = (difference: number): Embed =>
    sums((all) => all.map((x) => x * (1 + (all.length > 1 ? difference : 0))));
  await expect(requireSeparateSamples(beside(5e-5), 7)).resolves.toBeUndefined();
  await expect(requireSeparateSamples(beside(2e-4), 7)).rejects.toThrow(/otherwise when another/);
});
