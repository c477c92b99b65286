import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll } from 'vitest';

/** Folder of research data beside the repository; tests that need it skip where it is absent. */
export const SHARED: string = resolve(import.meta.dirname, '../../../../shared');

const folders: string[] = [];
// Hooks registered inside of other hooks do not run, so this one is registered when a test file imports this.
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** A new folder that is removed after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cf-data-'));
  folders.push(folder);
  return folder;
}

/** Writes a file and the folders above it. */
export async function put(file: string, content: string | Uint8Array): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

/** An encoded picture with some structure. */
export function picture(format: 'jpeg' | 'png' | 'webp' = 'jpeg', width = 32, height = 24): Promise<Buffer> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + (i % 31) * (i % 17)) % 256);
  return sharp(data, { raw: { width, height, channels: 3 } })
    [format]()
    .toBuffer();
}

/** The one-line message of an error thrown by `action`, without the line that says how to fix it. */
export async function failure(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message.split('\n')[0]}`;
  }
  throw new Error('nothing was thrown');
}

/** Runs with a user's rights: root may read everything, so it is put aside for as long as this takes. */
export async function withoutPrivileges<T>(run: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return run();
  const nobody = 65534;
  process.seteuid!(nobody);
  try {
    return await run();
  } finally {
    process.seteuid!(0);
  }
}
