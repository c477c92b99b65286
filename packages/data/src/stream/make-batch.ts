import { type AugmentOptions, NO_AUGMENTATION } from '../augmentation/augment-options.ts';
import { augmentPicture } from '../augmentation/augment-picture.ts';
import { type AugmentKey, drawAugmentation } from '../augmentation/draw-augmentation.ts';
import type { DecodeOptions } from '../image/decode.ts';
import { recompressJpeg } from '../image/recompress.ts';
import { toPlanes } from '../image/transform.ts';
import { mapLimited } from '../map-limited.ts';
import { decodePicture, type StreamedPicture } from './decode-picture.ts';
import { type KeptPictures, keepPicture, keptPixels } from './kept-pictures.ts';
import { type PicturesOnDisk, pixelsOnDisk } from './picture-file.ts';

/** Where decoded pictures lie. */
export interface DecodedPictures {
  readonly inMemory: KeptPictures;
  readonly onDisk?: PicturesOnDisk | undefined;
}

/** A batch to be made, in plain objects that another thread can be told of. */
export interface BatchTask {
  /** Position of each sample among the readable pictures, which keys its draws: `[B]`. */
  readonly samples: readonly number[];
  /** Place of each in the list of pictures: `[B]`. */
  readonly indices: readonly number[];
  /** Where each comes from; left out where it is in memory: `[B]`. */
  readonly sources: readonly (StreamedPicture | undefined)[];
  readonly shape: Required<DecodeOptions>;
  /** Default: none. */
  readonly augmentation?: { readonly options: AugmentOptions; readonly key: AugmentKey };
}

/**
 * A batch, `[B, C, H, W]`, 0 … 255: of kept pictures, and of others, which are decoded, and kept where there is room.
 *
 * @param atOnce - pictures that are decoded at the same time.
 * @throws UnreadableImageError for a picture that can't be read any more.
 */
export async function makeBatch(
  task: BatchTask,
  { inMemory, onDisk }: DecodedPictures,
  atOnce: number,
): Promise<Float32Array<ArrayBuffer>> {
  const { samples, indices, sources, shape, augmentation } = task;
  const { channels, height, width } = shape;
  const size = channels * height * width;
  const batch = new Float32Array(samples.length * size);
  const { options, key } = augmentation ?? { options: NO_AUGMENTATION, key: { seed: 0, epoch: 0 } };
  await mapLimited(samples, atOnce, async (sample, b) => {
    const index = indices[b]!;
    const pixels =
      keptPixels(inMemory, index) ??
      (onDisk && (await pixelsOnDisk(onDisk, index))) ??
      (await decoded(sources[b]!, shape, size));
    keepPicture(inMemory, index, pixels);
    const values = batch.subarray(b * size, (b + 1) * size);
    const into = { channels, height, width, values };
    await augmentPicture(pixels, drawAugmentation(options, key, sample), into, recompressJpeg);
  });
  return batch;
}

async function decoded(
  source: StreamedPicture,
  shape: Required<DecodeOptions>,
  size: number,
): Promise<Uint8Array> {
  const pixels = new Uint8Array(size);
  toPlanes(await decodePicture(source, shape), pixels, 0);
  return pixels;
}
