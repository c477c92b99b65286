import { expect, test } from 'vitest';
import { isScope, renamed } from './renamed.mjs';

test.each([
  ["import { a } from '@cf/core';", "import { a } from '@other/core';"],
  ['"@cf/core": "workspace:^"', '"@other/core": "workspace:^"'],
  ['@cf:registry=http://x', '@other:registry=http://x'],
  ["'node_modules', '@cf', name", "'node_modules', '@other', name"],
  ['npm create @cf@latest', 'npm create @other@latest'],
  ['the scope @cf.', 'the scope @other.'],
  ['/^@cf\\/', '/^@other\\/'],
])('%j is renamed', (text, expected) => {
  expect(renamed(text, '@cf', '@other')).toBe(expected);
});

test.each(['@cfg/core', '@cf-tools/core', 'someone@cf.example', 'cf/core', '@@cf/core'])(
  '%j stays',
  (text) => {
    expect(renamed(text, '@cf', '@other')).toBe(text);
  },
);

test('there and back is the same text', () => {
  const text = "import '@cf/core'; // see @cf/onnx and `@cf/data`";
  expect(renamed(renamed(text, '@cf', '@a.b~c'), '@a.b~c', '@cf')).toBe(text);
});

test.each([
  ['@other', true],
  ['other', false],
  ['@Other', false],
  ['@a/b', false],
  [undefined, false],
])('%j as a scope: %j', (name, ok) => {
  expect(isScope(name)).toBe(ok);
});
