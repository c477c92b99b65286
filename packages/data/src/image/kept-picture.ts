import { type PictureSource, type PixelSize, sourceOf } from '../source/picture-source.ts';
import { decodeFound, fromRaw, pictureSize, withPicture } from './decode.ts';
import type { RawImage } from './raw-image.ts';

/** A picture to be written to another place. */
export interface KeptPicture extends PixelSize {
  readonly bytes: Uint8Array;
  readonly format: 'jpeg' | 'png';
}

/**
 * A picture as JPEG or PNG: its own bytes where it is one of these and has the size that is wanted, once they have been
 * decoded without fault. Else what was decoded: as JPEG if it was one, as PNG, which keeps every pixel, if it was not.
 *
 * @param size undefined leaves it as it is.
 * @throws UnreadableImageError
 */
export function keptPicture(
  picture: string | PictureSource,
  size: PixelSize | undefined,
): Promise<KeptPicture> {
  const source = sourceOf(picture);
  return withPicture(source, size !== undefined, async (found) => {
    const image = await decodeFound(source, found, { channels: 3, ...size });
    const { width, height } = image;
    const own = size === undefined ? image : await pictureSize(found);
    const isAsWanted = own.width === width && own.height === height;
    const { format, bytes } = found;
    if (isAsWanted && (format === 'jpeg' || format === 'png')) return { bytes, format, width, height };
    const written = format === 'jpeg' ? 'jpeg' : 'png';
    return { bytes: await encode(image, written), format: written, width, height };
  });
}

/** JPEG is of high quality, without thinned colours. */
function encode(image: RawImage, format: 'jpeg' | 'png'): Promise<Uint8Array> {
  const picture = fromRaw(image);
  return (
    format === 'png' ? picture.png() : picture.jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
  ).toBuffer();
}
