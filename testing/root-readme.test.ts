import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { runnableExamples } from '../scripts/readme-examples.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const manifest = JSON.parse(readFileSync(`${root}packages/core/package.json`, 'utf8'));

describe('the README', () => {
  test('has badges that are true', () => {
    const badges = [...readme.matchAll(/!\[(\w+): ([^\]]+)\]\(([^)]+)\)/g)].map(([, name, value, url]) => {
      expect(decodeURIComponent(url!)).toContain(`${name}-${value}-`);
      return [name, value];
    });
    expect(Object.fromEntries(badges)).toEqual({
      licence: manifest.license,
      Node: manifest.engines.node,
      types: 'TypeScript',
    });
  });

  // In a package that has all that they import.
  test.each(
    runnableExamples(readme).map(({ source, extension }, at) => [at + 1, source, extension] as const),
  )('runs, example %d', async (at, source, extension) => {
    const file = `${root}packages/onnx/readme-${at}-${process.pid}.tmp.${extension}`;
    writeFileSync(file, source);
    try {
      await promisify(execFile)(process.execPath, [file]);
    } finally {
      rmSync(file);
    }
  });

  test('shows two examples of ten lines, and the commands', () => {
    expect(runnableExamples(readme)).toHaveLength(2);
    for (const { source } of runnableExamples(readme)) expect(source.split('\n').length).toBeLessThan(18);
    expect(readme.indexOf('cf train --data')).toBeLessThan(readme.indexOf('## What is here'));
  });
});
