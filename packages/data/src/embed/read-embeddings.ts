import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { reasonOf } from '@cf/core';
import { EmbeddingFileError } from '../errors.ts';
import { notAFile } from '../source/kind-of-file.ts';
import { readExactly } from '../source/read-span.ts';
import { fromHalves } from './half.ts';
import { csvBeside, type EmbeddedPicture, namesBeside, parseNameLines, parseNameTable } from './names.ts';
import { isNpy, NPY_HEAD, parseNpy } from './npy.ts';
import { readSafetensorsText } from './read-safetensors-text.ts';
import { MOST_HEADER_BYTES, parseSafetensors } from './safetensors.ts';

/** Embeddings of a file. */
export interface Embeddings {
  /** `[N, d]`, row-major. */
  readonly rows: Float32Array;
  /** d. */
  readonly dim: number;
  /** What each row is of: `[N]`. */
  readonly pictures: readonly EmbeddedPicture[];
  /** What else a safetensors file says. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes a number, by the names of NumPy and of safetensors. */
const WIDTHS = new Map([
  ['<f2', 2],
  ['F16', 2],
  ['<f4', 4],
  ['F32', 4],
  ['<f8', 8],
  ['F64', 8],
]);
/** Bytes at a time: a multiple of all widths. */
const PIECE = 2 ** 24;

/**
 * Reads embeddings: a safetensors file with a tensor `embeddings` [N, d], or a `.npy` of two dimensions, of float16, float32
 * or float64. Names are those of the metadata (`pictures` and `identities`, JSON lists), or of `NAME.names.jsonl` or
 * `NAME.names.csv` beside the `.npy`; without any, rows are called by their number, and nobody is named.
 *
 * @throws EmbeddingFileError
 */
export async function readEmbeddings(path: string): Promise<Embeddings> {
  try {
    const found = await stat(path);
    const fault = notAFile(found);
    if (fault !== undefined) throw new Error(fault);
    const file = await open(path);
    try {
      const head = await readExactly(file, 0, Math.min(NPY_HEAD, found.size));
      return await (isNpy(head) ? npyOf(path, file, head, found.size) : safetensorsOf(file, found.size));
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new EmbeddingFileError(
      `'${path}' (${reasonOf(cause)})`,
      "a whole file of embeddings [N, d], safetensors or NumPy's .npy",
      'write it with cf embed.',
      cause,
    );
  }
}

async function npyOf(path: string, file: FileHandle, head: Uint8Array, size: number): Promise<Embeddings> {
  const { type, shape, isFortran, length } = parseNpy(head);
  const [count, dim] = tableOf(shape);
  if (isFortran) throw new Error('numbers that lie column by column');
  const rows = await readNumbers(file, type, { from: length, to: size, count: count * dim });
  return { rows, dim, pictures: await namesOf(path, count), metadata: {} };
}

async function namesOf(path: string, count: number): Promise<readonly EmbeddedPicture[]> {
  const missing = (error: NodeJS.ErrnoException): undefined => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  };
  const lines = await readFile(namesBeside(path), 'utf8').catch(missing);
  const table = lines === undefined ? await readFile(csvBeside(path), 'utf8').catch(missing) : undefined;
  const from = lines === undefined ? csvBeside(path) : namesBeside(path);
  if (lines === undefined && table === undefined) return unnamed(count);
  try {
    const names = lines === undefined ? parseNameTable(table!) : parseNameLines(lines);
    if (names.length !== count) throw new Error(`${names.length} names for ${count} rows`);
    return names;
  } catch (cause) {
    throw new Error(`${from}: ${reasonOf(cause)}`, { cause });
  }
}

function unnamed(count: number): readonly EmbeddedPicture[] {
  return Array.from({ length: count }, (_, row) => ({ picture: `row ${row}`, identity: '' }));
}

async function safetensorsOf(file: FileHandle, size: number): Promise<Embeddings> {
  const { text, start } = await readSafetensorsText(file, size, MOST_HEADER_BYTES);
  const { metadata, tensors } = parseSafetensors(text);
  const place = tensors.get('embeddings');
  if (place === undefined)
    throw new Error(`no tensor 'embeddings', but ${[...tensors.keys()].slice(0, 5).join(', ') || 'none'}`);
  const [count, dim] = tableOf(place.shape);
  const [from, to] = [start + place.from, start + place.to];
  if (to > size) throw new Error(`cut short: its numbers end at byte ${to} of ${size}`);
  const rows = await readNumbers(file, place.dtype, { from, to, count: count * dim });
  const { pictures, identities, ...others } = metadata;
  const names = unnamed(count);
  const [of, who] = [listOf('pictures', pictures, count), listOf('identities', identities, count)];
  const named = names.map(({ picture }, row) => ({
    picture: of?.[row] ?? picture,
    identity: who?.[row] ?? '',
  }));
  return { rows, dim, pictures: named, metadata: others };
}

function listOf(name: string, text: string | undefined, count: number): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const list: unknown = JSON.parse(text);
  if (Array.isArray(list) && list.length === count && list.every((one) => typeof one === 'string'))
    return list;
  throw new Error(`metadata '${name}' that are no list of ${count} names`);
}

function tableOf(shape: readonly number[]): readonly [number, number] {
  const [count, dim] = shape;
  if (shape.length === 2 && dim! > 0 && Number.isSafeInteger(count! * dim!)) return [count!, dim!];
  throw new Error(`numbers of shape [${shape.join(', ')}]`);
}

/** @param count of the numbers that lie from one byte to another */
async function readNumbers(
  file: FileHandle,
  type: string,
  { from, to, count }: { readonly from: number; readonly to: number; readonly count: number },
): Promise<Float32Array> {
  const width = WIDTHS.get(type);
  if (width === undefined) throw new Error(`numbers of type ${type}`);
  if (to - from !== count * width)
    throw new Error(`${to - from} bytes for ${count} numbers of ${width}: cut short, or damaged`);
  const rows = new Float32Array(count);
  for (let done = 0; done < count; ) {
    const part = Math.min(PIECE / width, count - done);
    const { buffer } = await readExactly(file, from + done * width, part * width);
    rows.set(
      width === 2
        ? fromHalves(new Uint16Array(buffer))
        : width === 4
          ? new Float32Array(buffer)
          : new Float64Array(buffer),
      done,
    );
    done += part;
  }
  return rows;
}
