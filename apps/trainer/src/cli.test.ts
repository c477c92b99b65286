import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './testing.ts';
import { cf } from './testing-cli.ts';

it('is a program of its own: help on stdout, errors on stderr, exit codes', async () => {
  const [help, wrong, missing] = await Promise.all([
    cf(['--help']),
    cf(['trian']),
    cf(['train', '--resume', '/nonexistent']),
  ]);
  expect([help.code, help.stderr]).toEqual([0, '']);
  expect(help.stdout).toMatch(/^Usage: cf/);
  expect([wrong.code, wrong.stdout]).toEqual([2, '']);
  expect([missing.code, missing.stdout]).toEqual([3, '']);
  expect(missing.stderr).toMatch(/^RunFolderError \[E_RUN\]: '\/nonexistent', which has no config\.json/);
});

describe.concurrent('cf conformance', () => {
  let goldens: string;
  beforeAll(async () => {
    const file = join(import.meta.dirname, '../../../packages/conformance/fixtures/losses.json');
    const { default: all } = (await import(file, { with: { type: 'json' } })) as {
      default: { cases: { params: object; id: string }[] };
    };
    const [first] = all.cases;
    goldens = join(await temporaryFolder(), 'goldens.json');
    await writeFile(
      goldens,
      JSON.stringify({ ...all, cases: [{ ...first, params: { ...first!.params, mystery: 1 } }] }),
    );
  });

  it('passes on the embedded cases', async () => {
    const text = await cf(['conformance']);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/^reference: 339 cases, tolerance 1e-11\n/);
    expect(text.stdout).toMatch(/all within tolerance\n$/);
  });

  it('exits with 1 over tolerance', async () => {
    const { code, stdout } = await cf(['conformance', '--tolerance', '1e-20']);
    expect(code).toBe(1);
    expect(stdout).toContain('OVER');
  });

  it('prints nothing but JSON for a float32 backend as well', async () => {
    const { code, stdout } = await cf(['conformance', '--backend', 'tfjs-cpu', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ backend: 'tfjs-cpu', passed: true });
    expect(code).toBe(0);
  });

  it('names a parameter that is unknown, and its case', async () => {
    const { code, stderr } = await cf(['conformance', '--goldens', goldens]);
    expect(stderr).toMatch(/^golden cases on reference: stopped after 0 cases\n.*'mystery'/);
    expect(code).toBe(3);
  });
});
