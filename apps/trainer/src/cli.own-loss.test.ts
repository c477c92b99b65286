import { cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { readTensors } from './run/safetensors.ts';
import { temporaryFolder } from './testing.ts';
import { cf, metricsOf, SMALL } from './testing-cli.ts';

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

const EXAMPLES = resolve(import.meta.dirname, '../../../examples/class-losses');

/** Drawn identities of which every second one has two pictures; the others have four. */
async function rareAndFrequent(): Promise<string> {
  const faces = join(base, 'faces');
  await cf(['faces', '--identities=10', '--images-per-identity=4', '--out', faces]);
  const names = (await readdir(faces, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  for (const [at, { name }] of names.entries()) {
    const pictures = (await readdir(join(faces, name))).sort();
    if (at % 2 === 1) for (const picture of pictures.slice(2)) await rm(join(faces, name, picture));
  }
  return faces;
}

it('a loss with margins or state of each class trains, goes on bit for bit from its checkpoint, and verifies', async () => {
  const faces = await rareAndFrequent();
  const heard = join(base, 'counts.json');
  // TypeScript that imports, as a person has it; it writes down the counts that it is told.
  const counted = join(base, 'counted.ts');
  await writeFile(
    counted,
    `import { writeFileSync } from 'node:fs';
import type { LossData, LossParameters, MarginLoss } from '@cf/core';
import ldam, { options } from ${JSON.stringify(join(EXAMPLES, 'ldam.ts'))};
export { options };
export default function counted(given: LossParameters, data: LossData): MarginLoss {
  if (data.classCounts) writeFileSync(${JSON.stringify(heard)}, JSON.stringify([...data.classCounts]));
  return ldam(given, data);
}
`,
  );
  for (const [file, option] of [
    [counted, 'largest=0.4'],
    [join(EXAMPLES, 'class-scale.ts'), 'alpha=0.3'],
  ] as const) {
    const run = join(base, `per-class-${option}`);
    const flags = ['--data', faces, ...SMALL.slice(2), '--batch=8', '--no-control', '--loss', file];
    const began = await cf(['train', ...flags, '--loss-option', option, '--out', run], {});
    expect([began.stderr, began.code]).toEqual([expect.not.stringMatching(/Error/), 0]);
    expect(await readFile(join(run, 'report.html'), 'utf8')).toContain(relative(join(file, '..'), file));

    const again = join(base, `again-${option}`);
    await cp(run, again, { recursive: true });
    const half = (await readdir(again)).find((name) => /^checkpoint-\d+\.safetensors$/.test(name))!;
    await rename(join(again, half), join(again, 'checkpoint.safetensors'));
    await rm(join(again, 'results.json'));
    const resumed = await cf(['train', '--resume', again], {});
    expect(resumed.stdout).toContain(`resumed at step ${/\d+/.exec(half)![0]}`);
    expect(await metricsOf(again)).toEqual(await metricsOf(run));
    const [end, ofAgain] = await Promise.all(
      [run, again].map((folder) => readTensors(join(folder, 'checkpoint.safetensors'))),
    );
    expect(JSON.parse(ofAgain!.metadata.values!)).toEqual(JSON.parse(end!.metadata.values!));
    expect(ofAgain!.tensors).toEqual(end!.tensors);

    const pictures = ['0001', '0002'].map((n) => join(faces, 'synthetic_00000', `synthetic_00000_${n}.png`));
    const verified = await cf(['verify', ...pictures, '--run', again, '--gallery', faces, '--far=0.2']);
    expect(verified.stdout).toMatch(/^(same|different): score /);
  }
  const counts: readonly number[] = JSON.parse(await readFile(heard, 'utf8'));
  expect(counts).toHaveLength(8);
  expect(new Set(counts)).toEqual(new Set([2, 4]));
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
  ['is not there', undefined, /none\.mjs', which is not there.*\n.*check the path/],
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
