import { create } from '@bufbuild/protobuf';
import { type OptionNames, requireKnownOptions } from '@cf/core';
import { OnnxFileError } from '../errors.ts';
import { decodeModel } from './codec.ts';
import { mapModel, tensorsOf } from './map-model.ts';
import { StringStringEntryProtoSchema, TensorProto_DataLocation } from './messages/onnx_pb.js';
import type { Model, TensorProtoValue } from './model.ts';
import { ReferenceProblems } from './reference-problems.ts';
import { byteLengthOf, rawBytesOf, WORTH_A_PLACE } from './tensor-bytes.ts';
import { withFields, withoutFields } from './with-fields.ts';

/** A part of a side file that is a tensor's elements. */
export interface ExternalRange {
  /** Name of the tensor. */
  readonly tensor: string;
  /** Bytes before it in the file. */
  readonly offset: number;
  readonly length: number;
}

/** A file that a model's weights are in. */
export interface ExternalFile {
  /** Its path from the model's folder, with slashes. */
  readonly location: string;
  readonly ranges: readonly ExternalRange[];
  /** Bytes that it has at least. */
  readonly size: number;
  /** SHA-1 of the whole file in hexadecimal, where the model tells it. */
  readonly checksum: string | undefined;
}

/** Where a model's weights go. */
export interface SplitOptions {
  /** One file for all tensors of `threshold` bytes or more; without it, each goes back where it was read from. */
  readonly location?: string;
  /** Bytes from which on a tensor goes to `location`; 1024 by default, as in ONNX's own tool. */
  readonly threshold?: number;
}

/** A model, and what stands beside it. */
export interface SplitModel {
  readonly model: Model;
  /** Bytes of the side files by location. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/**
 * The side files that a model needs, with the ranges in which its tensors stand.
 *
 * @param model or the bytes of its file
 * @throws OnnxFileError naming every reference that is none: a path that leaves the model's folder, or a range that does
 *   not fit the tensor
 */
export function externalFiles(model: Model | Uint8Array): readonly ExternalFile[] {
  const ranges = [...rangesOf(model instanceof Uint8Array ? decodeModel(model) : model).values()];
  const byFile = new Map<string, TensorRange[]>();
  for (const range of ranges) {
    const inFile = byFile.get(range.location);
    if (inFile === undefined) byFile.set(range.location, [range]);
    else inFile.push(range);
  }
  return [...byFile].map(([location, inFile]) => ({
    location,
    ranges: inFile.map(({ tensor, offset, length }) => ({ tensor, offset, length })),
    size: inFile.reduce((size, { offset, length }) => Math.max(size, offset + length), 0),
    checksum: inFile.find(({ checksum }) => checksum !== undefined)?.checksum,
  }));
}

/**
 * The model with all of its weights inside, as views of the side files. It keeps in which file each tensor was, so that
 * `splitExternalData` and `writeModelFile` put it back there.
 *
 * @param files bytes of the side files by location
 * @throws OnnxFileError naming every file that is missing or too short, and as {@link externalFiles}
 */
export function withExternalData(model: Model, files: ReadonlyMap<string, Uint8Array>): Model {
  requireFiles(externalFiles(model), new Map([...files].map(([name, { length }]) => [name, length])));
  return withRanges(model, ({ location, offset, length }) => {
    const { buffer, byteOffset } = files.get(location)!;
    return new Uint8Array(buffer as ArrayBuffer, byteOffset + offset, length);
  });
}

const OPTIONS: OptionNames<SplitOptions> = { location: true, threshold: true };

/**
 * The model with references in place of weights, and the side files.
 *
 * @throws OnnxFileError if weights are not there yet, or a location leaves the model's folder
 */
export function splitExternalData(model: Model, options: SplitOptions = {}): SplitModel {
  requireKnownOptions('splitExternalData', options, OPTIONS);
  const { location, threshold = WORTH_A_PLACE } = options;
  const layout = layOut(model, (tensor, bytes) => {
    if (location === undefined) return rememberedLocation(tensor);
    return bytes >= threshold ? location : undefined;
  });
  const files = [...layout.files].map(([name, { size, pieces }]) => {
    const bytes = new Uint8Array(size);
    for (const { offset, bytes: piece } of pieces) bytes.set(piece, offset);
    return [name, bytes] as const;
  });
  return { model: layout.model, files: new Map(files) };
}

/** @throws OnnxFileError naming the side files of a model whose weights were not read */
export function requireWeightsInside(model: Model): void {
  const outside = tensorsOf(model).filter(isExternal);
  if (outside.length === 0) return;
  const files = new Set(outside.map((tensor) => `'${entryOf(tensor, 'location') ?? ''}'`));
  throw new OnnxFileError(
    `a model with ${outside.length} tensors in other files (${[...files].join(', ')})`,
    'all weights inside',
    'read it with readModelFile of @cf/onnx/node, or hand its files to withExternalData.',
  );
}

/** A range, in its file. */
export interface TensorRange extends ExternalRange {
  readonly location: string;
  readonly checksum: string | undefined;
}

/** The model with the bytes of each range in its tensor. Equal ranges are asked for once. */
export function withRanges(model: Model, bytesOf: (range: TensorRange) => Uint8Array<ArrayBuffer>): Model {
  const ranges = rangesOf(model);
  const read = new Map<string, Uint8Array<ArrayBuffer>>();
  const tensor = (one: TensorProtoValue): TensorProtoValue => {
    const range = ranges.get(one);
    if (range === undefined) return one;
    const key = rangeKey(range);
    const rawData = read.get(key) ?? bytesOf(range);
    read.set(key, rawData);
    const externalData = [entry('location', range.location)];
    return withFields(withoutFields(one, 'dataLocation'), { rawData, externalData });
  };
  return mapModel(model, { tensor });
}

/** Tells ranges apart. */
export function rangeKey({ location, offset, length }: TensorRange): string {
  return `${offset} ${length} ${location}`;
}

/** @throws OnnxFileError naming every file that is not there or too short; `sizes` are those that are there */
export function requireFiles(files: readonly ExternalFile[], sizes: ReadonlyMap<string, number>): void {
  const problems = new ReferenceProblems();
  for (const { location, ranges, size } of files) {
    const there = sizes.get(location);
    const distinct = new Set(ranges.map(({ offset, length }) => `${offset} ${length}`));
    const total = [...distinct].reduce((sum, range) => sum + Number(range.split(' ')[1]), 0);
    if (there === undefined) problems.add(`'${location}' is missing`);
    else if (there < size) problems.add(`'${location}' has ${there} bytes, and ${size} are used`);
    else if (total > there)
      problems.add(`tensors take ${total} bytes of '${location}', which has ${there}: they overlap`);
  }
  problems.throwIfAny('put the side files beside the model, as they were exported.');
}

/** A side file before it is written. */
export interface SideFile {
  readonly size: number;
  /** What stands in it, by rising offset; zeros between. */
  readonly pieces: readonly { readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }[];
}

/** Tensors from this size on start at a page: 64 KiB are one on every system that maps files. */
const LARGE = 2 ** 20;
const PAGE = 2 ** 16;
/** Others start where any element may. */
const LINE = 64;

/**
 * Gives every tensor its place beside the model.
 *
 * @param place the location of a tensor of so many bytes; undefined keeps it inside
 * @throws OnnxFileError as {@link splitExternalData}
 */
export function layOut(
  model: Model,
  place: (tensor: TensorProtoValue, bytes: number) => string | undefined,
): { readonly model: Model; readonly files: ReadonlyMap<string, SideFile> } {
  requireWeightsInside(model);
  const files = new Map<string, { size: number; pieces: SideFile['pieces'][number][] }>();
  const placed = new Map<string, Map<object, number>>();
  const tensor = (one: TensorProtoValue): TensorProtoValue => {
    const length = Number(byteLengthOf(one) ?? Number.NaN);
    const wanted = Number.isNaN(length) ? undefined : place(one, length);
    const rawData = wanted === undefined ? undefined : rawBytesOf(one);
    if (wanted === undefined || rawData === undefined) return inside(one);
    const location = checkedLocation(wanted, one.name);
    const file = files.get(location) ?? { size: 0, pieces: [] };
    files.set(location, file);
    // What shares its memory shares its place.
    const inFile = placed.get(location) ?? new Map<object, number>();
    placed.set(location, inFile);
    let offset = inFile.get(rawData);
    if (offset === undefined) {
      const step = length >= LARGE ? PAGE : LINE;
      offset = Math.ceil(file.size / step) * step;
      inFile.set(rawData, offset);
      file.pieces.push({ offset, bytes: rawData });
      file.size = offset + length;
    }
    return withFields(withoutFields(one, 'rawData'), {
      floatData: [],
      doubleData: [],
      int32Data: [],
      int64Data: [],
      uint64Data: [],
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [entry('location', location), entry('offset', `${offset}`), entry('length', `${length}`)],
    });
  };
  return { model: mapModel(model, { tensor }), files };
}

/** The file that a tensor's elements were in, or are. */
export function rememberedLocation(tensor: TensorProtoValue): string | undefined {
  return entryOf(tensor, 'location');
}

function inside(tensor: TensorProtoValue): TensorProtoValue {
  return tensor.externalData.length === 0 ? tensor : withFields(tensor, { externalData: [] });
}

function isExternal({ dataLocation }: TensorProtoValue): boolean {
  return dataLocation === TensorProto_DataLocation.EXTERNAL;
}

function rangesOf(model: Model): ReadonlyMap<TensorProtoValue, TensorRange> {
  const ranges = new Map<TensorProtoValue, TensorRange>();
  const problems = new ReferenceProblems();
  for (const tensor of tensorsOf(model).filter(isExternal)) {
    try {
      ranges.set(tensor, rangeOf(tensor));
    } catch (error) {
      if (!(error instanceof OnnxFileError)) throw error;
      problems.add(error.given);
    }
  }
  problems.throwIfAny('export the model again, with its weights in files beside it.');
  return ranges;
}

function rangeOf(tensor: TensorProtoValue): TensorRange {
  const { name } = tensor;
  const location = checkedLocation(entryOf(tensor, 'location') ?? '', name);
  const bytes = byteLengthOf(tensor);
  const offset = countOf(tensor, 'offset') ?? 0;
  if (bytes === undefined || bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    const what = `type ${tensor.dataType} and shape [${tensor.dims.join(', ')}]`;
    throw refused(name, `${what}, which no file holds`);
  }
  const length = countOf(tensor, 'length') ?? Number(bytes);
  if (length !== Number(bytes))
    throw refused(name, `length ${length} where shape [${tensor.dims.join(', ')}] takes ${bytes} bytes`);
  if (!Number.isSafeInteger(offset + length)) throw refused(name, `offset ${offset}`);
  return { tensor: name, location, offset, length, checksum: entryOf(tensor, 'checksum') };
}

function countOf(tensor: TensorProtoValue, key: string): number | undefined {
  const text = entryOf(tensor, key);
  if (text === undefined) return undefined;
  const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(count)) return count;
  throw refused(tensor.name, `${key} '${text.slice(0, 40)}', which is no number of bytes`);
}

/** @throws OnnxFileError for a path that is not one of the model's folder */
function checkedLocation(location: string, tensor: string): string {
  const parts = location.split('/').filter((part) => part !== '.');
  const isRelative = !location.startsWith('/') && !/^[a-z]:/i.test(location);
  const isInside = parts.length > 0 && parts.every((part) => part !== '' && part !== '..');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (isRelative && isInside && !/[\\\u0000-\u001f]/.test(location)) return parts.join('/');
  throw refused(
    tensor,
    `its elements in '${location.slice(0, 200)}', which is no path inside of the model's folder`,
  );
}

function refused(tensor: string, given: string): OnnxFileError {
  return new OnnxFileError(
    `tensor '${tensor}' with ${given}`,
    'a part of a file of the folder',
    'export it again.',
  );
}

function entryOf({ externalData }: TensorProtoValue, key: string): string | undefined {
  return externalData.find((one) => one.key === key)?.value;
}

function entry(key: string, value: string): TensorProtoValue['externalData'][number] {
  return create(StringStringEntryProtoSchema, { key, value });
}
