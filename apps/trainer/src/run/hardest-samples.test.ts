import { expect, it } from 'vitest';
import { HardestSamples } from './hardest-samples.ts';

it('keeps the last loss of each sample that was seen, the largest first', () => {
  const hardest = new HardestSamples(5);
  expect(hardest.first(3)).toEqual([]);
  hardest.see([4, 0, 2], Float32Array.of(1, 9, 3));
  hardest.see([0, 1], Float32Array.of(2, 3));
  expect(hardest.first(3)).toEqual([
    { sample: 1, loss: 3 },
    { sample: 2, loss: 3 },
    { sample: 0, loss: 2 },
  ]);
  expect(hardest.first(9).map(({ sample }) => sample)).not.toContain(3);
});
