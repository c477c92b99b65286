import * as data from '../index.ts';

/** What the package offers to a page. */
export const names: readonly string[] = Object.keys(data).sort();

/** A batch of one red picture, through a JPEG that the page's canvas writes. @returns `[3, 8, 8]` */
export async function throughCanvas(): Promise<number[]> {
  const pixels = new Uint8Array(3 * 64);
  pixels.fill(255, 0, 64);
  const store = { count: 1, channels: 3, height: 8, width: 8, indices: Int32Array.of(0), pixels } as const;
  const batch = await data.augmentBatch(
    store,
    [0],
    { flip: false, shift: 0, jpeg: 1 },
    { seed: 1, epoch: 0 },
    { recompress },
  );
  return [...batch];
}

const recompress: data.Recompress = async ({ width, height, channels, data: pixels }, quality) => {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  const shown = context.createImageData(width, height);
  for (let p = 0; p < width * height; p++) {
    for (let c = 0; c < 3; c++) shown.data[4 * p + c] = pixels[channels * p + Math.min(c, channels - 1)]!;
    shown.data[4 * p + 3] = 255;
  }
  context.putImageData(shown, 0, 0);
  const jpeg = await createImageBitmap(
    await canvas.convertToBlob({ type: 'image/jpeg', quality: quality / 100 }),
  );
  context.drawImage(jpeg, 0, 0);
  const read = context.getImageData(0, 0, width, height).data;
  const back = Uint8Array.from(
    { length: channels * width * height },
    (_, i) => read[4 * Math.floor(i / channels) + (i % channels)]!,
  );
  return { width, height, channels, data: back };
};
