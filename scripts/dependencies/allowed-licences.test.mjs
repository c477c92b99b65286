import { expect, test } from 'vitest';
import { isAllowed } from './allowed-licences.mjs';

test.each([
  'MIT',
  '(MIT OR GPL-3.0-only)',
  'Apache-2.0 AND MIT',
  '(BSD-2-Clause OR MIT OR Apache-2.0)',
  'GPL-2.0 OR ISC',
])('anything may be under %s', (expression) => {
  expect(isAllowed(expression, 'a-library')).toBe(true);
});

test.each([
  'GPL-3.0-only',
  'AGPL-3.0-or-later',
  'MIT AND GPL-3.0-only',
  'MIT AND (GPL-2.0-only OR MPL-2.0)',
  'Unknown',
  'SEE LICENSE IN LICENSE.md',
  'MIT OR',
  '',
])('nothing may be under %j', (expression) => {
  expect(isAllowed(expression, 'a-library')).toBe(false);
});

test('a library that is used as it comes may be under a licence of its own', () => {
  expect(isAllowed('LGPL-3.0-or-later', '@img/sharp-libvips-linux-x64')).toBe(true);
  expect(isAllowed('LGPL-3.0-or-later', 'sharp-like')).toBe(false);
  expect(isAllowed('MPL-2.0', 'lightningcss-linux-x64-gnu')).toBe(true);
  expect(isAllowed('MPL-2.0', 'lightningcss2')).toBe(false);
});
