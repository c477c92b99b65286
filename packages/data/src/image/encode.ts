import { fromRaw } from './decode.ts';
import type { RawImage } from './raw-image.ts';

/** JPEG of high quality without thinned colours, or PNG, which keeps every pixel. */
export function encodeImage(image: RawImage, format: 'jpeg' | 'png'): Promise<Uint8Array> {
  const picture = fromRaw(image);
  return (
    format === 'png' ? picture.png() : picture.jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
  ).toBuffer();
}
