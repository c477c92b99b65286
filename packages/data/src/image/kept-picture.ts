import { type PictureSource, type PixelSize, sourceOf } from '../source/picture-source.ts';
import { decodeFound, pictureSize, withPicture } from './decode.ts';
import { encodeImage } from './encode.ts';

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
    return { bytes: await encodeImage(image, written), format: written, width, height };
  });
}
