import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../node-runtime.mjs';
import { advisoriesOf, lockedVersions } from './advisories-of.mjs';

test('every version of the lock file is asked about', () => {
  const versions = lockedVersions(parse(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')));
  expect(versions.vitest).toHaveLength(1);
  expect(versions['@changesets/cli']).toEqual([expect.stringMatching(/^3\.\d+\.\d+$/)]);
  expect(Object.keys(versions).length).toBeGreaterThan(300);
});

test('names have scopes, versions have suffixes, and what has an address has no version', () => {
  const packages = {
    'a@1.0.0': {},
    '@b/c@2.0.0-rc.1': {},
    'a@1.1.0': {},
    'd@file:d': {},
    'e@https://x/e.tgz': {},
  };
  expect(lockedVersions({ packages })).toEqual({ a: ['1.0.0', '1.1.0'], '@b/c': ['2.0.0-rc.1'] });
});

test('an advisory is of the versions in its range, the worst comes first', () => {
  const about = (severity, vulnerable_versions) => ({ url: 'u', title: 't', severity, vulnerable_versions });
  const answer = {
    a: [about('low', '<1.1.0'), about('critical', '>=1.1.0')],
    b: [about('high', '<2.0.0')],
    c: [about('moderate', '<=3.0.0')],
  };
  const found = advisoriesOf({ a: ['1.0.0', '1.1.0'], b: ['2.0.0'], c: ['3.0.0-rc.1'] }, answer);
  expect(found.map(({ severity, name, versions }) => [severity, name, versions])).toEqual([
    ['critical', 'a', ['1.1.0']],
    ['moderate', 'c', ['3.0.0-rc.1']],
    ['low', 'a', ['1.0.0']],
  ]);
});
