/**
 * Where one picture lies. Plain objects, so that another thread can be told of them (`structuredClone`); all of them are
 * read by `decodeImage`.
 */
export type PictureSource = PictureFile | PictureSlice | PictureRecord;

/** A picture that is a file of its own. */
export interface PictureFile {
  readonly kind: 'file';
  readonly path: string;
}

/** An encoded picture inside a larger file, such as a verification set. */
export interface PictureSlice {
  readonly kind: 'slice';
  readonly path: string;
  /** Its number in the file, for people. */
  readonly key: number;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** The bytes are written as characters of UTF-8, one of U+0000 … U+00FF a byte, as pickles of protocol 2 have them. */
  readonly asText?: true;
}

/** A record of an InsightFace pack. */
export interface PictureRecord {
  readonly kind: 'record';
  readonly path: string;
  /** Its number in the pack. */
  readonly key: number;
  /** Bytes from the start of the file to the record. */
  readonly offset: number;
  /** Bytes of the whole record, with its headers and what pads it. */
  readonly length: number;
  /** The size that the pack says its pictures have; records of pixels that are not encoded have no other. */
  readonly pixels?: PixelSize;
}

/** Width and height of a picture. */
export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** A file, named by its path alone. */
export function sourceOf(picture: string | PictureSource): PictureSource {
  return typeof picture === 'string' ? { kind: 'file', path: picture } : picture;
}

/** What messages call a picture: its path, and where in the file it lies. */
export function pictureName(picture: string | PictureSource): string {
  if (typeof picture === 'string') return picture;
  if (picture.kind === 'file') return picture.path;
  const what = picture.kind === 'record' ? 'record' : 'picture';
  return `${picture.path}, ${what} ${picture.key} (byte ${picture.offset})`;
}
