import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProjectFolderError } from './errors.ts';

/** Beside src as beside dist. */
const TEMPLATE = fileURLToPath(new URL('../template', import.meta.url));

/** Names that npm would not pack as they are, or would take for this package's own, and what they are in a project. */
const RENAMED = { _gitignore: '.gitignore', '_package.json': 'package.json' };

/**
 * Writes a project into an empty or a new folder, whole or not at all: a script that trains, its configuration, and a page
 * that uses the model.
 *
 * @returns the folder, absolute
 * @throws ProjectFolderError for a folder with something in it, or that can't be written
 */
export async function createProject(folder: string): Promise<string> {
  const target = resolve(folder);
  const isThere = await isEmpty(target);
  let made: string | undefined;
  try {
    await mkdir(dirname(target), { recursive: true });
    made = await mkdtemp(isThere ? join(target, '.cf-') : `${target}-`);
    // Not for its owner alone, as folders for temporary things are.
    await chmod(made, 0o755);
    await cp(TEMPLATE, made, { recursive: true });
    for (const [from, to] of Object.entries(RENAMED)) await rename(join(made, from), join(made, to));
    await nameProject(join(made, 'package.json'), basename(target));
    if (isThere) await moveInto(made, target);
    else await rename(made, target);
    return target;
  } catch (cause) {
    throw new ProjectFolderError(`'${folder}', which can't be written`, cause);
  } finally {
    if (made !== undefined) await rm(made, { recursive: true, force: true });
  }
}

/** Whether a folder is there and empty. @throws ProjectFolderError where something is in it */
async function isEmpty(folder: string): Promise<boolean> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw new ProjectFolderError(`'${folder}', which can't be read as a folder`, cause);
  }
  if (names.length === 0) return true;
  throw new ProjectFolderError(`'${folder}', in which there is ${names[0]}`);
}

/** Names the project as its folder, in what npm takes for a name. */
async function nameProject(file: string, name: string): Promise<void> {
  const manifest = JSON.parse(await readFile(file, 'utf8'));
  manifest.name =
    name
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^[._-]+/, '') || 'faces';
  await writeFile(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** Moves everything, or what was moved back out of the way. */
async function moveInto(from: string, to: string): Promise<void> {
  const moved: string[] = [];
  try {
    for (const name of await readdir(from)) {
      await rename(join(from, name), join(to, name));
      moved.push(name);
    }
  } catch (error) {
    await Promise.all(moved.map((name) => rm(join(to, name), { recursive: true, force: true })));
    throw error;
  }
}
