import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeSyntheticFolder } from '@cf/data/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { loopingOnnx, smallOnnx } from './testing/onnx-files.ts';
import { temporaryFolder } from './testing.ts';
import { cf, SMALL } from './testing-cli.ts';

const CLI = resolve(import.meta.dirname, 'cli.ts');
const isLinux = process.platform === 'linux';
const FACES = ['faces', '--identities=6', '--images-per-identity=10'];

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
  await writeSyntheticFolder(join(base, 'two'), { seed: 1, identities: 6, imagesPerIdentity: 2 });
});

/** Runs a line of the shell; what it prints, and what it exits with. */
function shell(line: string): Promise<{ code: number; text: string }> {
  const child = spawn('bash', ['-c', line], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (part) => (text += part));
  return new Promise((done) => child.on('close', (code) => done({ code: code ?? -1, text })));
}

const command = (args: readonly string[]): string =>
  `env -u FORCE_COLOR ${process.execPath} ${CLI} ${args.join(' ')}`;

describe.skipIf(!existsSync('/usr/bin/script')).concurrent('a terminal (needs script)', () => {
  it.each([
    ['of width 0', 'stty cols 0', false],
    ['of 20 columns', 'stty cols 20', true],
  ])('%s gets a line that does not flood it', async (_, setting, isDrawn) => {
    const out = join(base, setting.replaceAll(' ', '-'));
    const inside = `${setting}; ${command([...FACES, '--out', out])}`;
    const { code, text } = await shell(`script -qec "${inside}" /dev/null`);
    expect(code).toBe(0);
    expect(text).toMatch(/drawing: 60 images in/);
    expect(text.includes('\u001b[')).toBe(isDrawn);
    expect(text.length).toBeLessThan(30_000);
    // Never more than the one line is cleared.
    expect(text).not.toContain('\u001b[1A');
  });

  it('without colours is asked for by NO_COLOR', async () => {
    const out = join(base, 'no-color');
    const inside = `stty cols 80; NO_COLOR=1 ${command([...FACES, '--out', out])}`;
    const { code, text } = await shell(`script -qec "${inside}" /dev/null`);
    expect(code).toBe(0);
    expect(text).not.toContain('\u001b[3');
  });
});

describe.skipIf(!existsSync('/dev/full')).concurrent('a full disk (needs /dev/full)', () => {
  it('under the results is one error, and exit code 3', async () => {
    const { code, text } = await shell(
      `${command(['faces', '--sheet', join(base, 'sheet.png')])} > /dev/full`,
    );
    expect(text).toMatch(/^OutputError .*'standard output' \(ENOSPC/);
    expect(text).not.toMatch(/\n\s+at /);
    expect(code).toBe(3);
  });
});

describe.skipIf(!isLinux).concurrent('what is no folder to write to (needs Linux)', () => {
  it.each<[string, () => Promise<string[]>, RegExp]>([
    [
      'a dangling link',
      async () => {
        await symlink(join(base, 'none', 'at', 'all'), join(base, 'dangling'));
        return [...FACES, '--out', join(base, 'dangling')];
      },
      /OutputFolderError.*dangling' is a link to nothing/,
    ],
    [
      '/proc',
      async () => [...FACES, '--out', '/proc/cf-none'],
      /OutputFolderError.*\/proc\/cf-none' \(ENOENT/,
    ],
    [
      'a folder in /proc, of a run',
      async () => ['train', ...SMALL, '--out', '/proc/cf-none/run'],
      /RunFolderError.*can't be made \(ENOENT/,
    ],
    [
      'a folder in /proc, of a pack',
      async () => ['data', 'pack', '--data', join(base, 'two'), '--out', '/proc/cf-none/train.rec'],
      /OutputFolderError.*\/proc\/cf-none/,
    ],
    [
      'below a device, of a run',
      async () => ['train', ...SMALL, '--out', '/dev/null/run'],
      /RunFolderError.*can't be made \(ENOTDIR/,
    ],
  ])('%s ends in one error', async (_, args, message) => {
    const { code, stderr } = await cf(await args());
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(3);
  });
});

describe.skipIf(!isLinux).concurrent('a named pipe (needs Linux)', () => {
  it.each<[string, (pipe: string) => string[], RegExp, number]>([
    ['as --config', (pipe) => ['train', '--config', pipe], /named pipe/, 3],
    [
      'as --pairs',
      (pipe) => ['train', '--data', join(base, 'two'), '--pairs', pipe],
      /UsageError.*--pairs.*named pipe/,
      2,
    ],
    ['as a model', (pipe) => ['inspect', pipe], /pipe' \(not a file\)/, 3],
  ])('%s is told before it is opened', async (name, args, message, expected) => {
    const pipe = join(base, `${name.replaceAll(/\W/g, '')}.pipe`);
    execFileSync('mkfifo', [pipe]);
    const { code, stderr } = await cf(args(pipe));
    expect(stderr).toMatch(message);
    expect(code).toBe(expected);
  });
});

it('a network whose Loop does not end can be ended by one signal', async () => {
  const file = join(base, 'endless.onnx');
  await writeFile(file, loopingOnnx());
  const started = performance.now();
  const { code } = await cf(['train', '--backbone', `onnx:${file}`, '--train=embedding', '--identities=6'], {
    signal: { name: 'SIGTERM', when: async () => performance.now() - started > 4000 },
  });
  // A file that is refused is no Loop that was ended.
  expect([130, null]).toContain(code);
});

it('onnxruntime tells nobody what it runs: not even the files of its telemetry are there', async () => {
  const file = join(base, 'small.onnx');
  await writeFile(file, smallOnnx());
  const temporary = join(base, 'temporary');
  await mkdir(temporary);
  // Where tests are run for a project it would be silent by itself.
  const environment = { TMPDIR: temporary, CI: '', ORT_DISABLE_TELEMETRY: undefined };
  expect((await cf(['inspect', file], { environment })).code).toBe(0);
  expect(await readdir(temporary)).toEqual([]);
});
