import { elasticArcFace, type MarginLoss, magFace, mvAmSoftmax, numberOps } from '@cf/core';
import { expect, test } from 'vitest';
import { goldenLoss } from './golden-loss.ts';

const targetAt = (loss: MarginLoss, theta: number): number =>
  loss.target(numberOps, { cos: Math.cos(theta), sin: Math.sin(theta), norm: 20 }, { margin: 0.5 }).value;

test.each([
  ['elastic-arcface', elasticArcFace({ beyondPi: 'linear' }), elasticArcFace(), 3],
  ['mv-am-softmax', mvAmSoftmax({ easyMargin: false }), mvAmSoftmax(), 2],
  ['magface', magFace({ easyMargin: false }), magFace(), 2],
] as const)(
  '%s: an absent parameter means what the format says, not the default of a release',
  (name, format, release, theta) => {
    const loss = goldenLoss({ id: 'x', loss: name, params: {} });
    expect(targetAt(loss, theta)).toBe(targetAt(format, theta));
    expect(targetAt(loss, theta)).not.toBe(targetAt(release, theta));
  },
);

test('softmax without the parameter has no bias', () => {
  expect(goldenLoss({ id: 'x', loss: 'softmax', params: {} }).bias).toBeUndefined();
  expect(goldenLoss({ id: 'x', loss: 'softmax', params: { bias: true } }).bias?.of).toBe('each class');
});

test('what is given is kept', () => {
  const loss = goldenLoss({
    id: 'x',
    loss: 'arcface',
    params: { beyondPi: 'cosine', gradient: 'straight-through' },
  });
  expect(loss.target(numberOps, { cos: 0.5, sin: Math.sqrt(0.75), norm: 1 }, {}).dCos).toBe(1);
  expect(targetAt(loss, 3)).toBeCloseTo(Math.cos(3.5), 12);
});
