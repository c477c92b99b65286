import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CfError, type OptionNames, reasonOf, requireKnownOptions } from '@cf/core';
import { OnnxFileError } from '../errors.ts';
import { encodeModel } from '../model/codec.ts';
import { layOut, rememberedLocation, type SideFile, type SplitOptions } from '../model/external-data.ts';
import type { Model } from '../model/model.ts';
import { bytesInside, MOST_INSIDE, WORTH_A_PLACE } from '../model/tensor-bytes.ts';
import type { Note } from '../passes/note.ts';
import { isInside } from './is-inside.ts';
import { replaceFiles } from './replace-files.ts';

/** How a model is written. */
export interface WriteModelOptions {
  /**
   * Where weights go. Without it each goes back where it was read from, a side file or the model; with a location, those
   * from a threshold on go there; `'none'` puts all inside.
   */
  readonly external?: 'none' | (Required<Pick<SplitOptions, 'location'>> & SplitOptions);
}

/** What was written. */
export interface WrittenModel {
  /** Paths of the side files and, last, of the model. */
  readonly files: readonly string[];
  /** What was done unasked. */
  readonly notes: readonly Note[];
}

const OPTIONS: OptionNames<WriteModelOptions> = { external: true };
const EXTERNAL: OptionNames<SplitOptions> = { location: true, threshold: true };

/**
 * Writes a model with its side files, whole or not at all (folders of the model's that side files lie in are made): everything aside and synced first, then side files renamed,
 * then the model. What was there before stays until then, and is put back where a rename fails; a process that is
 * killed leaves the old model, the new one, or (where a side file of the old one is replaced) none for a moment, but
 * never one with weights of the other.
 *
 * A model that would have more than 2 GB, which no file of ONNX can, gets its weights of 1024 bytes and more put into
 * `NAME.data`, with a note.
 *
 * @throws OnnxFileError if a file can't be written, or a location is none of the model's folder or the model itself
 */
export async function writeModelFile(
  path: string,
  model: Model,
  options: WriteModelOptions = {},
): Promise<WrittenModel> {
  requireKnownOptions('writeModelFile', options, OPTIONS);
  const { external } = options;
  if (external !== undefined && external !== 'none')
    requireKnownOptions('writeModelFile.external', external, EXTERNAL);
  const name = basename(path);
  const notes: Note[] = [];
  const place = (isLarge: boolean) => (tensor: Parameters<typeof rememberedLocation>[0], bytes: number) => {
    if (external === 'none') return undefined;
    if (external !== undefined)
      return bytes >= (external.threshold ?? WORTH_A_PLACE) ? external.location : undefined;
    return rememberedLocation(tensor) ?? (isLarge && bytes >= WORTH_A_PLACE ? `${name}.data` : undefined);
  };
  let layout = layOut(model, place(false));
  if (external === undefined && bytesInside(layout.model) > MOST_INSIDE) {
    layout = layOut(model, place(true));
    const text = `weights are in '${name}.data', beside the model, since one file of ONNX holds no more than 2 GB.`;
    notes.push({ kind: 'weights-beside', text, names: [`${name}.data`] });
  }
  for (const location of layout.files.keys()) {
    if (location.toLowerCase() !== name.toLowerCase()) continue;
    const fix = 'give the model or its side file another name.';
    throw new OnnxFileError(`weights in '${location}', the model itself`, 'a file beside it', fix);
  }
  const bytes = encodeModel(layout.model);
  try {
    const folder = await realpath(dirname(path));
    const sides = await Promise.all([...layout.files].map((file) => sideFile(folder, file)));
    const target = join(folder, name);
    await replaceFiles(sides, { path: target, size: bytes.length, pieces: [{ offset: 0, bytes }] });
  } catch (cause) {
    if (cause instanceof CfError) throw cause;
    const reason = reasonOf(cause);
    const fix = 'check that the folder exists, may be written to and has space left.';
    throw new OnnxFileError(`'${path}' (${reason})`, 'a file that can be written', fix, cause);
  }
  return {
    files: [...[...layout.files.keys()].map((location) => join(dirname(path), location)), path],
    notes,
  };
}

async function sideFile(
  folder: string,
  [location, file]: readonly [string, SideFile],
): Promise<SideFile & { readonly path: string }> {
  const inside = dirname(join(folder, location));
  // Before a folder is made: behind a link it would be made elsewhere.
  const there = await deepestThere(inside);
  if (there !== folder && !isInside(folder, there)) {
    const fix = 'take the link away.';
    throw new OnnxFileError(
      `'${location}', whose folder is a link that leaves the model's`,
      'a file of it',
      fix,
    );
  }
  await mkdir(inside, { recursive: true });
  return { ...file, path: join(await realpath(inside), basename(location)) };
}

/** What is there of a path, with links followed. */
async function deepestThere(path: string): Promise<string> {
  const real = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return real ?? deepestThere(dirname(path));
}
