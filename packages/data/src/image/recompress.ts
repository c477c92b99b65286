import sharp from 'sharp';
import { fromRaw, toRawImage } from './decode.ts';
import type { RawImage } from './raw-image.ts';

/** A picture as it comes back from a JPEG. @param quality 1 … 100 */
export async function recompressJpeg(image: RawImage, quality: number): Promise<RawImage> {
  const bytes = await fromRaw(image).jpeg({ quality }).toBuffer();
  return toRawImage(sharp(bytes).toColourspace(image.channels === 1 ? 'b-w' : 'srgb'), image.channels);
}
