import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { snapshotNameProblem, tagPlan } from './snapshot-plan.mjs';

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cf-snapshot-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Tags after a plan has been given one. */
function tagged(version, plan, tag = 'mine') {
  const file = join(folder, 'publish-plan.json');
  writeFileSync(file, JSON.stringify({ version, plan }));
  tagPlan(folder, tag);
  return JSON.parse(readFileSync(file, 'utf8')).plan.map((chunk) => chunk.map((release) => release.tag));
}

const core = { kind: 'publish', name: '@cf/core', version: '0.0.0-mine-20260101000000', tag: 'latest' };
const other = { ...core, name: '@cf/onnx' };

test('no package of a snapshot moves latest', () => {
  expect(tagged(1, [[core], [other]])).toEqual([['mine'], ['mine']]);
});

test.each([
  ['a plan of another form', 2, [[core]]],
  ['a plan of releases', 1, [[{ ...core, version: '0.1.0' }]]],
  ['a plan of nothing', 1, []],
])('%s is refused', (_, version, plan) => {
  expect(() => tagged(version, plan)).toThrow(/no snapshot 'mine'/);
});

test.each(['latest', 'next', 'Mine', 'feature/a', '1a', 'v1', 'x', '', 'a b', '--tag', '$(id)'])(
  'a snapshot may not be called %j',
  (name) => {
    expect(snapshotNameProblem(name)).toMatch(/snapshot/);
  },
);

test.each(['mine', 'pr-12', 'onnx2', 'verify'])('a snapshot may be called %j', (name) => {
  expect(snapshotNameProblem(name)).toBeUndefined();
});
