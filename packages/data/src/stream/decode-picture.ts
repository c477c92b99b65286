import { type DecodeOptions, decodeImage, resizeImage } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import type { PictureSource } from '../source/picture-source.ts';

/** A picture that is drawn when it is asked for. */
export interface DrawnPicture {
  readonly kind: 'drawn';
  readonly seed: number | string;
  readonly difficulty: number;
  readonly identityIndex: number;
  readonly imageIndex: number;
}

/** Where a picture comes from, in plain objects that another thread can be told of. */
export type StreamedPicture = PictureSource | DrawnPicture;

/** Reads or draws one picture. @throws UnreadableImageError */
export async function decodePicture(
  source: StreamedPicture,
  shape: Required<DecodeOptions>,
): Promise<RawImage> {
  if (source.kind === 'drawn') return fit(await draw(source), shape);
  const { width, height, channels } = shape;
  return decodeImage(source, { width, height, channels });
}

async function draw({ seed, difficulty, identityIndex, imageIndex }: DrawnPicture): Promise<RawImage> {
  // Loaded only when asked for: most threads read files.
  const { sampleIdentity } = await import('../synthetic/identity.ts');
  const { sampleNuisance } = await import('../synthetic/nuisance.ts');
  const { renderFace } = await import('../synthetic/render-face.ts');
  return renderFace(
    sampleIdentity(seed, identityIndex),
    sampleNuisance(seed, identityIndex, imageIndex, difficulty),
  );
}

async function fit(image: RawImage, { width, height, channels }: Required<DecodeOptions>): Promise<RawImage> {
  const sized = await resizeImage(image, width, height);
  return channels === sized.channels ? sized : toGrey(sized);
}

/** Rec. 601 luma of an RGB picture. */
function toGrey({ width, height, data }: RawImage): RawImage {
  const grey = new Uint8Array(width * height);
  for (let p = 0; p < grey.length; p++) {
    grey[p] = Math.round(0.299 * data[3 * p]! + 0.587 * data[3 * p + 1]! + 0.114 * data[3 * p + 2]!);
  }
  return { width, height, channels: 1, data: grey };
}
