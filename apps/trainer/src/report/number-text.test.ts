import { expect, it } from 'vitest';
import { signedText } from './number-text.ts';

it('a difference has its sign, and one that rounds to 0 none of its own', () => {
  expect([-0.002, 0.00125, -0.00004, 0].map((x) => signedText(x))).toEqual([
    '−0.0020',
    '+0.0013',
    '+0.0000',
    '+0.0000',
  ]);
  expect(signedText(-0.26, 1)).toBe('−0.3');
});
