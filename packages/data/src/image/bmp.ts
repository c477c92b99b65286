import type { RawImage } from './raw-image.ts';

const FILE_HEADER = 14;
const UNCOMPRESSED = 0;
const BIT_FIELDS = 3;

/** Width, height and layout of a BMP file's pixels. */
interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  /** Where pixels begin, and where the palette does. */
  readonly pixels: number;
  readonly palette: number;
}

/** @throws Error if it is no BMP of those that are read: uncompressed, of 1, 4, 8, 24 or 32 bits. */
export function bmpSize(bytes: Uint8Array): BmpHeader {
  if (bytes.length < FILE_HEADER + 40) throw new Error('the BMP header is truncated');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const size = view.getUint32(FILE_HEADER, true);
  if (size < 40) throw new Error('a BMP of OS/2; save it as PNG');
  const rows = view.getInt32(22, true);
  const header = {
    width: view.getInt32(18, true),
    height: Math.abs(rows),
    topDown: rows < 0,
    bits: view.getUint16(28, true),
    pixels: view.getUint32(10, true),
    palette: FILE_HEADER + size,
  };
  const compression = view.getUint32(30, true);
  const plain = compression === UNCOMPRESSED || (compression === BIT_FIELDS && header.bits === 32);
  if (!plain || ![1, 4, 8, 24, 32].includes(header.bits)) {
    throw new Error(`a BMP of ${header.bits} bits and compression ${compression}; save it as PNG`);
  }
  if (header.width < 1 || header.height < 1) throw new Error('a BMP without pixels');
  if (header.pixels + rowBytes(header) * header.height > bytes.length)
    throw new Error('the BMP is truncated');
  return header;
}

function rowBytes({ width, bits }: BmpHeader): number {
  return Math.ceil((width * bits) / 32) * 4;
}

/** RGB pixels of a BMP file; what it says of transparency is passed over. @throws Error as {@link bmpSize} */
export function decodeBmp(bytes: Uint8Array): RawImage {
  const header = bmpSize(bytes);
  const { width, height, bits } = header;
  const data = new Uint8Array(width * height * 3);
  const perByte = 8 / bits;
  for (let y = 0; y < height; y++) {
    const row = header.pixels + rowBytes(header) * (header.topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      let at = row + (x * bits) / 8;
      if (bits <= 8) {
        const shift = 8 - bits * ((x % perByte) + 1);
        const entry = (bytes[row + Math.floor(x / perByte)]! >> shift) & (2 ** bits - 1);
        at = header.palette + 4 * entry;
      }
      const to = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel++) data[to + channel] = bytes[at + 2 - channel]!;
    }
  }
  return { width, height, channels: 3, data };
}
