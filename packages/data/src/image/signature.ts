/** The picture formats that are read. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'bmp';

/** In words. */
export const FORMATS = 'JPEG, PNG, WebP, AVIF or BMP';
/** Why a file of no bytes is refused. */
export const EMPTY_FILE = 'the file is empty';

/** How many bytes {@link imageFormat} and {@link notAnImage} need to see. */
export const SIGNATURE_BYTES = 64;

/** Tells the format from a file's first bytes, whatever its name; undefined for anything else. */
export function imageFormat(head: Uint8Array): ImageFormat | undefined {
  if (startsWith(head, [0xff, 0xd8, 0xff])) return 'jpeg';
  if (startsWith(head, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
  // RIFF, four bytes of length, WEBP.
  if (textAt(head, 0, 4) === 'RIFF' && textAt(head, 8, 12) === 'WEBP') return 'webp';
  if (brands(head).some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  // BM, four bytes of length, four of zeros, and a header of a known size.
  const isBmp = textAt(head, 0, 2) === 'BM' && BMP_HEADERS.has(head[14]!);
  return isBmp && head.subarray(6, 10).every((byte) => byte === 0) ? 'bmp' : undefined;
}

/** Why a file of another format is refused. */
export function notAnImage(head: Uint8Array): string {
  const name = otherFormat(head);
  return name === undefined
    ? `the content is no ${FORMATS}`
    : `it is a ${name}, which is not read: convert it to JPEG or PNG`;
}

/** The name of a picture format that is not read. */
function otherFormat(head: Uint8Array): string | undefined {
  if (brands(head).some((brand) => HEIC_BRANDS.has(brand))) return 'HEIC picture';
  // Its declaration may stand before it.
  if (textAt(head, 0, head.length).includes('<svg')) return 'SVG drawing';
  return OTHERS.find(([, prefix]) => startsWith(head, prefix))?.[0];
}

const BMP_HEADERS = new Set([12, 40, 52, 56, 64, 108, 124]);
const HEIC_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1']);
const OTHERS: readonly (readonly [name: string, prefix: readonly number[]])[] = [
  ['GIF picture', [0x47, 0x49, 0x46, 0x38]],
  ['TIFF picture', [0x49, 0x49, 0x2a, 0x00]],
  ['TIFF picture', [0x4d, 0x4d, 0x00, 0x2a]],
  ['JPEG XL picture', [0xff, 0x0a]],
  ['JPEG XL picture', [0, 0, 0, 0x0c, 0x4a, 0x58, 0x4c, 0x20]],
  ['JPEG 2000 picture', [0, 0, 0, 0x0c, 0x6a, 0x50, 0x20, 0x20]],
  ['Photoshop picture', [0x38, 0x42, 0x50, 0x53]],
  ['PDF document', [0x25, 0x50, 0x44, 0x46, 0x2d]],
];

/** The brands of a file in boxes, as AVIF and HEIC are; none of any other. */
function brands(head: Uint8Array): readonly string[] {
  if (textAt(head, 4, 8) !== 'ftyp') return [];
  const end = Math.min(head.length, new DataView(head.buffer, head.byteOffset, 4).getUint32(0));
  const count = Math.max(0, Math.floor((end - 16) / 4));
  const compatible = Array.from({ length: count }, (_, n) => textAt(head, 16 + 4 * n, 20 + 4 * n));
  return [textAt(head, 8, 12), ...compatible];
}

function textAt(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, position) => bytes[position] === byte);
}
