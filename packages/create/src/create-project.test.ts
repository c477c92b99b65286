import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProject } from './create-project.ts';

const FILES = [
  '.gitignore',
  'README.md',
  'cf.yaml',
  'index.html',
  'model.js',
  'package.json',
  'page.js',
  'train.js',
  'vite.config.js',
];
const failing = vi.hoisted(() => ({ at: '' }));
vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs/promises')>();
  return {
    ...original,
    rename: async (from: string, to: string) => {
      if (failing.at !== '' && to.endsWith(failing.at)) throw new Error('no space left');
      return original.rename(from, to);
    },
  };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cf-create-'));
});
afterEach(async () => {
  failing.at = '';
  await rm(folder, { recursive: true, force: true });
});

const manifestOf = async (project: string) =>
  JSON.parse(await readFile(join(project, 'package.json'), 'utf8'));

describe('createProject', () => {
  it('writes a project into a new folder and names it so', async () => {
    const project = join(folder, 'deep', 'My Faces');
    expect(await createProject(project)).toBe(project);
    expect((await readdir(project)).sort()).toEqual(FILES);
    expect((await manifestOf(project)).name).toBe('my-faces');
    expect(await readdir(join(folder, 'deep'))).toEqual(['My Faces']);
  });

  it('writes it into an empty folder that is there', async () => {
    await createProject(folder);
    expect((await readdir(folder)).sort()).toEqual(FILES);
  });

  it('refuses a folder with something in it, and a file, and leaves them as they are', async () => {
    await writeFile(join(folder, 'mine.txt'), 'mine');
    await expect(createProject(folder)).rejects.toMatchObject({
      code: 'E_PROJECT_FOLDER',
      given: expect.stringContaining('mine.txt'),
    });
    await expect(createProject(join(folder, 'mine.txt'))).rejects.toMatchObject({ code: 'E_PROJECT_FOLDER' });
    expect(await readdir(folder)).toEqual(['mine.txt']);
  });

  it.each(['package.json', 'train.js', 'new'])('leaves nothing where writing %s fails', async (at) => {
    failing.at = join(at);
    const project = join(folder, 'new');
    await mkdir(join(folder, 'there'));
    if (at !== 'train.js') await expect(createProject(project)).rejects.toThrow('no space left');
    if (at !== 'new') await expect(createProject(join(folder, 'there'))).rejects.toThrow('no space left');
    expect(await readdir(folder)).toEqual(['there']);
    expect(await readdir(join(folder, 'there'))).toEqual([]);
  });
});

describe('the command', () => {
  const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));
  /** Its exit code and all that it says, started in the folder. */
  const create = (...args: readonly string[]): Promise<[unknown, string]> =>
    new Promise((resolve) => {
      execFile(process.execPath, [cli, ...args], { cwd: folder }, (error, stdout, stderr) =>
        resolve([error?.code ?? 0, `${stdout}${stderr}`]),
      );
    });

  it('says what comes next, and has an exit code for each end', async () => {
    expect(await create('mine')).toEqual([
      0,
      expect.stringMatching(/cd mine\n {2}npm install\n {2}npm run train/),
    ]);
    expect(await create('--help')).toEqual([0, expect.stringContaining('Exit codes')]);
    expect(await create('a', 'b')).toEqual([2, expect.stringContaining('one folder')]);
    expect(await create('--colour')).toEqual([2, expect.stringContaining('--colour')]);
    expect(await create()).toEqual([
      3,
      expect.stringMatching(/^ProjectFolderError \[E_PROJECT_FOLDER\].*mine/),
    ]);
  });
});

it('a page makes planes of red, green and blue of its pixels', async () => {
  await createProject(folder);
  // Only the session needs it.
  const stub = join(folder, 'node_modules', 'onnxruntime-web');
  await mkdir(stub, { recursive: true });
  await writeFile(join(stub, 'package.json'), '{ "type": "module", "exports": "./index.js" }');
  await writeFile(join(stub, 'index.js'), 'export {};');
  const { planes, similarity } = await import(/* @vite-ignore */ join(folder, 'model.js'));
  expect([...planes([1, 2, 3, 255, 4, 5, 6, 255], 2)]).toEqual([1, 4, 2, 5, 3, 6]);
  expect(similarity([1, 0], [2, 0])).toBe(1);
  expect(similarity([1, 0], [0, 3])).toBe(0);
});
