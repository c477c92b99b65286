import sharp from 'sharp';
import { fromRaw } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import type { FaceLandmarks } from './face.ts';
import { applySimilarity, type Similarity, templateOf } from './similarity.ts';

/** Where the landmarks of an aligned picture come to lie. */
export function landmarksAt(at: Similarity, shift = 0): FaceLandmarks {
  return templateOf(112).map(([x, y]) => applySimilarity(at, [x + shift, y])) as unknown as FaceLandmarks;
}

/** Bytes of a picture as a camera writes it: turned, with the EXIF orientation that turns it back. */
export async function asCamera(
  image: RawImage,
  orientation: number,
  format: 'jpeg' | 'png' = 'png',
): Promise<Buffer> {
  // What undoes each orientation.
  const undo: Readonly<Record<number, readonly [flop: boolean, degrees: number]>> = {
    1: [false, 0],
    2: [true, 0],
    3: [false, 180],
    4: [true, 180],
    5: [true, 270],
    6: [false, 270],
    7: [true, 90],
    8: [false, 90],
  };
  const [flop, degrees] = undo[orientation]!;
  const flopped = await fromRaw(image).flop(flop).png().toBuffer();
  const pipeline = sharp(flopped).rotate(degrees).withMetadata({ orientation });
  return (format === 'png' ? pipeline.png() : pipeline.jpeg({ quality: 95 })).toBuffer();
}
