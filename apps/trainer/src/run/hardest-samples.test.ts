import { expect, it } from 'vitest';
import { HardestSamples } from './hardest-samples.ts';

it('keeps the last loss of each picture that was seen, the largest first', () => {
  const pictures = [5, 0, 2, 3, 4];
  const hardest = new HardestSamples(6, pictures);
  expect(hardest.first(3)).toEqual([]);
  hardest.see([4, 0, 2], Float32Array.of(1, 9, 3));
  hardest.see([0, 1], Float32Array.of(2, 3));
  expect(hardest.first(3)).toEqual([
    { index: 0, loss: 3 },
    { index: 2, loss: 3 },
    { index: 5, loss: 2 },
  ]);
  expect(hardest.first(9).map(({ index }) => index)).toEqual([0, 2, 5, 4]);
});

it('goes on from those of an earlier training, whose list may have been shorter or longer', () => {
  const before = Float32Array.of(7, Number.NaN, 5);
  const pictures = [0, 1, 2, 3];
  const longer = new HardestSamples(4, pictures, before);
  longer.see([0], Float32Array.of(1));
  expect(longer.first(9)).toEqual([
    { index: 2, loss: 5 },
    { index: 0, loss: 1 },
  ]);
  expect(new HardestSamples(2, pictures, before).first(9)).toEqual([{ index: 0, loss: 7 }]);
  expect(before[0]).toBe(7);
});
