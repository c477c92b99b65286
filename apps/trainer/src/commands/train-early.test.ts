import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSyntheticFolder } from '@cf/data/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { configWith, temporaryFolder } from '../testing.ts';
import { cf } from '../testing-cli.ts';

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
});

const at = (...parts: string[]): string => join(base, ...parts);

describe('a resume with a value that does not fit names the flag', () => {
  it.each([
    [
      ['--keep-checkpoints', '0'],
      /^OptionOutOfRangeError .*: keep-checkpoints = 0, .*\nFix: .*cf train --help/,
    ],
    [['--device', 'xyz'], /^OptionOutOfRangeError .*: device = "xyz", expected one of "cpu"/],
    [['--kernels', 'onednn'], /^UsageError .*: --kernels, expected a flag of this training/],
    [['--data-memory', '1GiB'], /^UsageError .*: --data-memory, expected a flag of this training/],
  ])('%s', async (flags, told) => {
    await mkdir(at('run'), { recursive: true });
    const text = JSON.stringify(configWith());
    await writeFile(at('run', 'config.json'), text);
    const { code, stderr } = await cf(['train', '--resume', at('run'), ...flags]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(told)]);
    expect(await readdir(at('run'))).toEqual(['config.json']);
  });
});

it('a field that nothing knows is told with the nearest, and where all are', async () => {
  await writeFile(at('slip.json'), JSON.stringify({ ...configWith(), epoches: 4 }));
  const { stderr } = await cf(['train', '--config', at('slip.json')]);
  expect(stderr).toMatch(
    /'epoches', line 1 .*expected one of epochs, .* … \(\d+ in all: cf train --print-schema has them\)/,
  );
  expect(stderr.split('\n')[0]!.length).toBeLessThan(300);
});

describe('told before any work', () => {
  it('--out that holds something', async () => {
    await mkdir(at('full'));
    await writeFile(at('full', 'mine.txt'), 'mine');
    // Pictures are looked for later.
    const { code, stderr } = await cf(['train', '--data', at('none'), '--out', at('full')]);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/^RunFolderError .*full', which holds 1 file/)]);
    expect(await readdir(at('full'))).toEqual(['mine.txt']);
  });

  it.each([['--pairs'], ['--people'], ['--drop-suspects'], ['--class-weights']])(
    '%s that is not there, before photographs are aligned',
    async (flag) => {
      const photos = at('photos');
      await mkdir(photos, { recursive: true });
      const flags = ['--data', photos, '--align', flag, at('none'), '--out', at('unused')];
      const { code, stderr } = await cf(['train', ...flags]);
      expect([code, stderr]).toEqual([2, expect.stringMatching(new RegExp(`^UsageError .*${flag} .*none`))]);
      expect(await readdir(base)).not.toContain('photos.aligned');
    },
  );

  it('a network that is not there, before photographs are aligned', async () => {
    const flags = ['--data', at('photos'), '--align', '--backbone', `onnx:${at('none.onnx')}`];
    const { code, stderr } = await cf(['train', ...flags, '--out', at('unused')]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^UsageError .*--backbone .*none\.onnx/)]);
  });
});

it('people of a list whom the folder does not have are counted and named', async () => {
  const faces = at('faces');
  await writeSyntheticFolder(faces, { seed: 1, identities: 5, imagesPerIdentity: 2 });
  const names = [0, 1, 2, 3, 4].map((i) => `synthetic_0000${i}`);
  const list = ['1', '7', ...names.map((name) => `${name}\t2`), 'Ann\t2', 'B\u00f6b\t1'];
  await writeFile(at('people.txt'), `${list.join('\n')}\n`);
  const flags = ['--data', faces, '--people', at('people.txt'), '--pixels=8', '--batch=4', '--dim=4'];
  const { code, stdout, stderr } = await cf(['train', ...flags, '--dry-run']);
  expect(code).toBe(0);
  // What a training would say first, a dry run says too.
  expect(stdout).toMatch(/^an epoch is 1 step of 4 pictures: 2 of 6 are left out of it/m);
  expect(stderr).toContain(
    `warning: --people ${at('people.txt')}: 2 of its 7 people are not in ${faces}, such as 'Ann'\n`,
  );
});
