import sharp, { type Metadata } from 'sharp';
import type { PixelSize } from '../source/picture-source.ts';
import { bmpSize } from './bmp.ts';
import { DECODING_BYTES } from './decoding-budget.ts';
import type { ImageFormat } from './signature.ts';

/** Rows that libvips has in memory of a picture that it reads from top to bottom. */
const ROWS = 1280;
/** Pictures below are not looked at more closely. */
const SMALL_PIXELS = 2 ** 20;
/** Channels and bytes of a channel, at most. */
const MOST_PIXEL_BYTES = 8;
/** Times the whole picture that a decoder of AVIF takes: planes, and what it makes of them. */
const AVIF = 3;

/** Why a picture is not decoded. */
export class TooLarge extends Error {
  override readonly name: string = 'TooLarge';
}

/**
 * Memory that decoding will take, from the picture's header alone.
 *
 * @param sized whether it is scaled to a size that is asked for.
 * @throws TooLarge, or sharp's error for a header that it can't read.
 */
export async function decodingBytes(bytes: Uint8Array, format: ImageFormat, sized: boolean): Promise<number> {
  const claimed = claimedSize(bytes, format);
  const pixels = claimed === undefined ? undefined : claimed.width * claimed.height;
  if (pixels !== undefined && pixels <= SMALL_PIXELS && format !== 'avif') return pixels * MOST_PIXEL_BYTES;
  // libvips prints a line of its own for sizes that no picture has.
  if (pixels !== undefined && pixels > MOST_PIXELS) return within({ ...claimed!, bits: 8, encoded: 0 }, 0);
  if (format === 'bmp') {
    const { width, height } = bmpSize(bytes);
    return within({ width, height, bits: 8, encoded: bytes.length }, width * height * 3);
  }
  const metadata = await sharp(bytes, { limitInputPixels: false }).metadata();
  const { width, height, depth } = metadata;
  const bits = depth === 'ushort' ? 16 : 8;
  return within({ width, height, bits, encoded: bytes.length }, costOf(metadata, sized));
}

function costOf(metadata: Metadata, sized: boolean): number {
  const { width, height, format, channels, depth, isProgressive, orientation = 1 } = metadata;
  // Coefficients of a progressive JPEG have two bytes; of thinned colours there are half as many.
  const times =
    format === 'heif' ? AVIF : format === 'jpeg' && metadata.chromaSubsampling !== '4:2:0' ? 2 : 1;
  const row = width * channels * (depth === 'ushort' ? 2 : 1);
  // JPEG is decoded to an eighth of its size where less is asked for, and turned after that.
  const inRows = sized && !isProgressive && (format === 'jpeg' || (format === 'png' && orientation === 1));
  if (inRows) return row * Math.min(height, ROWS) + (format === 'jpeg' ? (row * height) / 64 : 0);
  return row * height * times;
}

/** As sharp has it by default. */
const MOST_PIXELS = 16_383 ** 2;

interface Claim extends PixelSize {
  /** Of a channel. */
  readonly bits: number;
  /** Bytes of the encoded picture, which are in memory too. */
  readonly encoded: number;
}

function within({ width, height, bits, encoded }: Claim, cost: number): number {
  const bytes = cost + encoded;
  if (bytes <= DECODING_BYTES && width * height <= MOST_PIXELS) return Math.ceil(cost);
  const megabytes = (count: number): string => `${(count / 1e6).toFixed(0)} MB`;
  const millions = (count: number): string => `${(count / 1e6).toFixed(0)} million`;
  throw new TooLarge(
    width * height > MOST_PIXELS
      ? `its ${width}×${height} pixels are ${millions(width * height)}; at most ${millions(MOST_PIXELS)} are allowed`
      : `its ${width}×${height} pixels of ${bits} bits a channel take ${megabytes(bytes)} to decode; at most ${megabytes(DECODING_BYTES)} are allowed`,
  );
}

/** Width and height where the first bytes say them plainly. */
function claimedSize(bytes: Uint8Array, format: ImageFormat): PixelSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (format === 'png' && bytes.length >= 24)
    return { width: view.getUint32(16), height: view.getUint32(20) };
  if (format === 'avif') return extentOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  if (format !== 'jpeg') return undefined;
  // Segments up to the start of a frame: SOF0, SOF1 (in rows) or SOF2 (progressive).
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = bytes[at + 1]!;
    if (marker >= 0xc0 && marker <= 0xc2)
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
  }
  return undefined;
}

/** The first size that a file in boxes tells of an image in it; there may be others. */
function extentOf(bytes: Buffer): PixelSize | undefined {
  const at = bytes.subarray(0, 4096).indexOf('ispe');
  if (at < 0 || at + 16 > bytes.length) return undefined;
  return { width: bytes.readUInt32BE(at + 8), height: bytes.readUInt32BE(at + 12) };
}
