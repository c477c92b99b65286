/** The picture formats that are read. */
export type ImageFormat = 'jpeg' | 'png' | 'webp';

/** Why a file of no bytes is refused. */
export const EMPTY_FILE = 'the file is empty';
/** Why a file of another format is refused. */
export const NOT_AN_IMAGE = 'the content is neither JPEG, PNG nor WebP';

/** How many bytes {@link imageFormat} needs to see. */
export const SIGNATURE_BYTES = 12;

/** Tells the format from a file's first bytes, whatever its name; undefined for anything else. */
export function imageFormat(head: Uint8Array): ImageFormat | undefined {
  if (startsWith(head, [0xff, 0xd8, 0xff])) return 'jpeg';
  if (startsWith(head, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
  // RIFF, four bytes of length, WEBP.
  const isRiff = startsWith(head, [0x52, 0x49, 0x46, 0x46]);
  if (isRiff && startsWith(head.subarray(8), [0x57, 0x45, 0x42, 0x50])) return 'webp';
  return undefined;
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, position) => bytes[position] === byte);
}
