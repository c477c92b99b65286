import { CfError } from '@cf/core';

/** `E_DATA_FOLDER`: a folder of images is missing, is no folder, can't be read, or holds no image. */
export class DataFolderError extends CfError {
  /** The folder as it was given. */
  readonly path: string;

  constructor(path: string, given: string, expected: string, fix: string, cause?: unknown) {
    super('DataFolderError', 'E_DATA_FOLDER', { given, expected, fix, cause });
    this.path = path;
  }
}

/** `E_IMAGE`: a file can't be read or decoded as a JPEG, PNG or WebP picture. */
export class UnreadableImageError extends CfError {
  /** The file as it was given. */
  readonly path: string;
  /** What to count it as: content of another format, or a picture that can't be had. */
  readonly kind: 'not an image' | 'unreadable image';
  /** Why, in a few words: `the file is empty`. */
  readonly reason: string;

  constructor(
    path: string,
    reason: string,
    kind: 'not an image' | 'unreadable image' = 'unreadable image',
    cause?: unknown,
  ) {
    super('UnreadableImageError', 'E_IMAGE', {
      given: `${path}: ${reason}`,
      expected: 'a complete JPEG, PNG or WebP picture',
      fix: 'replace or remove the file.',
      cause,
    });
    this.path = path;
    this.kind = kind;
    this.reason = reason;
  }
}

/** `E_PROTOCOL`: a line of an LFW protocol file is malformed. */
export class ProtocolFormatError extends CfError {
  /** The file, as the caller named it. */
  readonly source: string;
  /** Number of the line, from 1. */
  readonly line: number;

  constructor(source: string, line: number, given: string, expected: string) {
    super('ProtocolFormatError', 'E_PROTOCOL', {
      given: `${source}:${line}: ${given}`,
      expected,
      fix: 'correct the line, or fetch the list again; its columns are separated by tabs.',
    });
    this.source = source;
    this.line = line;
  }
}

/** `E_PAIR_IMAGE`: a picture that a verification pair names does not exist. */
export class PairImageError extends CfError {
  /** The file that is missing. */
  readonly path: string;
  /** Line of the pair in its protocol file, from 1. */
  readonly line: number;

  constructor(path: string, line: number, given: string) {
    super('PairImageError', 'E_PAIR_IMAGE', {
      given,
      expected: 'both pictures of every pair',
      fix: 'add the picture, or take the folder that the list of pairs was made for.',
    });
    this.path = path;
    this.line = line;
  }
}

/** `E_OUTPUT_FOLDER`: the folder to write exists already and is not to be replaced, or can't be written. */
export class OutputFolderError extends CfError {
  /** The folder as it was given. */
  readonly path: string;

  constructor(path: string, given: string, expected: string, fix: string, cause?: unknown) {
    super('OutputFolderError', 'E_OUTPUT_FOLDER', { given, expected, fix, cause });
    this.path = path;
  }
}

/** `E_IMAGE_STORE`: decoded pictures would take more memory than they may. */
export class ImageStoreSizeError extends CfError {
  /** What the pixels would take. */
  readonly bytes: number;

  constructor(count: number, shape: string, bytes: number, budget: number) {
    super('ImageStoreSizeError', 'E_IMAGE_STORE', {
      given: `${count} pictures of ${shape}, ${megabytes(bytes)} decoded`,
      expected: `at most ${megabytes(budget)}`,
      fix: 'decode to a smaller size, take fewer pictures, or raise the budget.',
    });
    this.bytes = bytes;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
