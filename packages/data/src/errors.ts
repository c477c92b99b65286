import { CfError } from '@cf/core';
import { FORMATS } from './image/signature.ts';

/** `E_DATA_FOLDER`: a folder of images is missing, is no folder, can't be read, or holds no image. */
export class DataFolderError extends CfError {
  /** The folder as it was given. */
  readonly path: string;

  constructor(path: string, given: string, expected: string, fix: string, cause?: unknown) {
    super('DataFolderError', 'E_DATA_FOLDER', { given, expected, fix, cause });
    this.path = path;
  }
}

/** `E_IMAGE`: a file can't be read or decoded as a picture of a format that is read. */
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
      expected: `a complete ${FORMATS} picture`,
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

/** `E_RECORD_FILE`: a pack of records, its index or its list is damaged, truncated or no such file. */
export class RecordFileError extends CfError {
  /** The file at fault. */
  readonly path: string;

  constructor(
    path: string,
    given: string,
    expected: string,
    { fix = 'copy or make the pack again.', cause }: { readonly fix?: string; readonly cause?: unknown } = {},
  ) {
    super('RecordFileError', 'E_RECORD_FILE', { given, expected, fix, cause });
    this.path = path;
  }
}

/** `E_VERIFICATION_SET`: a file is no set of verification pairs, or is damaged. */
export class VerificationSetError extends CfError {
  /** The file at fault. */
  readonly path: string;

  constructor(path: string, given: string, expected: string, cause?: unknown) {
    const fix = 'take a set as InsightFace has them: a pickle of encoded pictures and flags.';
    super('VerificationSetError', 'E_VERIFICATION_SET', { given: `${path}${given}`, expected, fix, cause });
    this.path = path;
  }
}

/** `E_MANIFEST`: a list of pictures with their identities, or of pairs, is malformed. */
export class ManifestError extends CfError {
  /** The file at fault. */
  readonly path: string;
  /** Number of the line, from 1; undefined where it is the whole file. */
  readonly line: number | undefined;

  /** @param columns what a line has to have */
  constructor(
    path: string,
    line: number | undefined,
    given: string,
    expected: string,
    cause?: unknown,
    columns: string = 'path, identity, and if wanted split, difficulty and weight',
  ) {
    const where = line === undefined ? `'${path}'` : `${path}:${line}`;
    const fix = `correct the ${line === undefined ? 'list' : 'line'}; columns are ${columns}.`;
    super('ManifestError', 'E_MANIFEST', { given: `${where}: ${given}`, expected, fix, cause });
    this.path = path;
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

/** What a file system said while something was written, as an error that names it; any other error as it is. */
export function writingFailure(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  const [expected, fix] = ['a place that can be written to', 'check the path, permissions and free space.'];
  return new OutputFolderError(path, `'${path}' (${error.message})`, expected, fix);
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

/** `E_FACE_DETECTOR`: what finds faces is not installed, or does not run. */
export class FaceDetectorError extends CfError {
  constructor(given: string, expected: string, fix: string, cause?: unknown) {
    super('FaceDetectorError', 'E_FACE_DETECTOR', { given, expected, fix, cause });
  }
}

/** `E_EMBEDDING`: what a network gives for a picture is no embedding. */
export class EmbeddingError extends CfError {
  constructor(given: string, expected: string, fix: string) {
    super('EmbeddingError', 'E_EMBEDDING', { given, expected, fix });
  }
}

/** `E_EMBEDDING_FILE`: a file of embeddings that can't be read, or can't be written. */
export class EmbeddingFileError extends CfError {
  constructor(given: string, expected: string, fix: string, cause?: unknown) {
    super('EmbeddingFileError', 'E_EMBEDDING_FILE', { given, expected, fix, cause });
  }
}
