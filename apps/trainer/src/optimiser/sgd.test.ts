import { expect, it } from 'vitest';
import { sgdStep } from './sgd.ts';

it('does two steps with momentum and weight decay as computed by hand', () => {
  const parameters = Float64Array.of(1, -2);
  const velocity = new Float64Array(2);
  const options = { learningRate: 0.5, momentum: 0.5, weightDecay: 0.25 };
  sgdStep(parameters, [1, 0], velocity, options);
  // v = g + λw = [1 + 0.25, −0.5]; w − ηv = [1 − 0.625, −2 + 0.25].
  expect([...velocity]).toEqual([1.25, -0.5]);
  expect([...parameters]).toEqual([0.375, -1.75]);
  sgdStep(parameters, [-1, 2], velocity, options);
  // v = 0.5·[1.25, −0.5] + [−1, 2] + 0.25·[0.375, −1.75] = [−0.28125, 1.3125].
  expect([...velocity]).toEqual([-0.28125, 1.3125]);
  expect([...parameters]).toEqual([0.375 + 0.140625, -1.75 - 0.65625]);
});

it('is plain gradient descent without momentum and weight decay', () => {
  const parameters = Float64Array.of(3);
  const velocity = Float64Array.of(100);
  sgdStep(parameters, [2], velocity, { learningRate: 0.25, momentum: 0, weightDecay: 0 });
  expect(parameters[0]).toBe(2.5);
});
