import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../node-runtime.mjs';
import { withReleaseFields } from './manifest-fields.mjs';
import { publishedPackages } from './published-packages.mjs';

const settings = JSON.parse(readFileSync(join(root, 'release.json'), 'utf8'));
const published = publishedPackages(root);

test.each(published)(
  'the manifest of $directory says what release.json says',
  ({ path, manifest, directory }) => {
    const text = `${JSON.stringify(withReleaseFields(manifest, settings, directory), undefined, 2)}\n`;
    expect(readFileSync(join(path, 'package.json'), 'utf8')).toBe(text);
  },
);

test('every published package is listed, and no other', () => {
  expect(Object.keys(settings.keywordsOf).sort()).toEqual(published.map(({ directory }) => directory).sort());
});

test('one setting moves every address to another owner', () => {
  const manifest = {
    name: '@cf/core',
    version: '1.0.0',
    description: 'Maths.',
    license: 'MIT',
    type: 'module',
  };
  const before = withReleaseFields(manifest, settings, 'packages/core');
  const after = withReleaseFields(before, { ...settings, owner: 'somebody-else' }, 'packages/core');
  expect(JSON.stringify(after)).toBe(
    JSON.stringify(before).replaceAll(`/${settings.owner}`, '/somebody-else'),
  );
  expect(after.repository).toEqual({
    type: 'git',
    url: `git+https://github.com/somebody-else/${settings.repository}.git`,
    directory: 'packages/core',
  });
});

test.each(['', 'a/b', 'https://github.com/a', '-a'])('an owner %j is refused', (owner) => {
  expect(() => withReleaseFields({}, { ...settings, owner }, 'packages/core')).toThrow(
    /release\.json: owner/,
  );
});

test('a package that release.json does not know is named', () => {
  expect(() => withReleaseFields({}, settings, 'packages/new')).toThrow(/keywordsOf has no 'packages\/new'/);
});
