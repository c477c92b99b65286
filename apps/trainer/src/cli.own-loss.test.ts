import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from './testing.ts';
import { cf, SMALL } from './testing-cli.ts';

const MODULE = `import { angularMargin, marginLoss } from '@cf/core';
export const options = { margin: 'number', scale: 'number' };
export default ({ margin = 0.2, scale = 16 }) =>
  marginLoss({ name: 'of-a-user', scale, margin: angularMargin(margin) });
`;

let base: string;
let file: string;
beforeAll(async () => {
  base = await temporaryFolder();
  // In a folder without packages.
  file = join(base, 'my-loss.mjs');
  await writeFile(file, MODULE);
});

it('a loss of a user’s file trains, goes on, is told in the report, and looks on; another text of it is told', async () => {
  const run = join(base, 'run');
  const flags = [
    ...SMALL,
    '--no-control',
    '--loss',
    file,
    '--loss-option',
    'margin=0.3',
    '--weighting',
    'focal',
  ];
  const began = await cf(['train', ...flags, '--shadow', `arcface,${file}:margin=0.1`, '--out', run], {});
  expect(began.stderr).not.toMatch(/Error/);
  expect(began.code).toBe(0);
  const config = JSON.parse(await readFile(join(run, 'config.json'), 'utf8'));
  expect(config.loss.params.base).toMatchObject({ loss: file, params: { margin: 0.3 } });
  expect(await readFile(join(run, 'report.html'), 'utf8')).toContain('focal(my-loss.mjs)');

  // As a person writes it: from where the program is called.
  const [near, yaml] = [relative(process.cwd(), file), join(base, 'near.yaml')];
  await writeFile(yaml, JSON.stringify(config).replaceAll(file, near));
  const again = await cf(['train', '--config', yaml, '--out', join(base, 'near'), '--epochs', '1'], {});
  expect([again.stderr, again.code]).toEqual([expect.not.stringMatching(/Error/), 0]);
  const kept = JSON.parse(await readFile(join(base, 'near', 'config.json'), 'utf8'));
  expect([kept.loss, kept.shadow]).toEqual([config.loss, config.shadow]);

  await writeFile(file, `${MODULE}// changed\n`);
  const longer = await cf(['train', '--resume', run, '--epochs', '3'], {});
  expect(longer.code).toBe(0);
  expect(longer.stdout).toMatch(
    /goes on elsewhere than it began.*file of the loss [0-9a-f]{16} → [0-9a-f]{16}/,
  );
});

it('is compared under the name of its file', async () => {
  const out = join(base, 'compared');
  const { code, stdout } = await cf(
    ['compare', `--losses=arcface,${file}`, '--seeds=1', ...SMALL, '--no-control', '--dry-run', '--out', out],
    {},
  );
  expect([code, stdout]).toEqual([0, expect.stringContaining('my-loss.mjs')]);
});

it.each([
  ['is not there', undefined, /none\.mjs' \(.*none\.mjs/],
  ['is no module', 'export default (', /broken\.mjs' \(/],
  ['makes no loss', 'export default 3;', /three\.mjs', whose default export is none/],
  ['gives something else when it is called', 'export default () => 3;', /^.*loss = 3, expected a loss/],
  ['takes no such option', MODULE, /option of .* 'margn'.*\n.*did you mean 'margin'/],
])('a file that %s is one clear error', async (_, text, message) => {
  const name = /none|broken|three/.exec(String(message))?.[0] ?? 'other';
  const path = join(base, `${name}.mjs`);
  if (text !== undefined) await writeFile(path, text);
  const option = text === MODULE ? ['--loss-option', 'margn=1'] : [];
  const { code, stderr } = await cf(['train', '--loss', path, ...option, '--out', join(base, 'none')], {});
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});
