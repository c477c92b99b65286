import { expect, it } from 'vitest';
import { firstLine, reasonOf } from './reason-of.ts';

it('is the message of an error, and the text of anything else that was thrown', () => {
  expect(reasonOf(new TypeError('one\ntwo'))).toBe('one\ntwo');
  expect(reasonOf(undefined)).toBe('undefined');
  expect(firstLine(new TypeError('one\ntwo'))).toBe('one');
});
