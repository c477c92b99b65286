import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createRandom } from '@cf/core';
import { photographWith, placing, type Similarity } from '@cf/data';
import { decodeImage, encodeImage } from '@cf/data/node';

/** What photographs are made: pixels, and degrees to either side. */
export const PHOTOGRAPH = { width: 500, height: 400, narrowest: 90, widest: 220, turned: 20 } as const;

const CROP = 112;

/** Where a crop of 112×112 pixels comes to lie in the photograph of a number: anywhere, and whole. */
export function placeIn(photograph: number): Similarity {
  const random = createRandom(photograph);
  const { width, height, narrowest, widest, turned } = PHOTOGRAPH;
  const wide = random.uniform(narrowest, widest);
  const degrees = random.uniform(-turned, turned);
  const radians = (Math.abs(degrees) * Math.PI) / 180;
  const half = (wide / 2) * (Math.cos(radians) + Math.sin(radians));
  const [x, y] = [width, height].map((side) => random.uniform(half, side - half));
  return placing(x!, y!, wide / CROP, degrees);
}

/** Writes a photograph of each crop, as JPEG. @returns where the crop lies in it, by its path below the folder */
export async function writePhotographs(
  crops: readonly { readonly path: string; readonly name: string }[],
  folder: string,
  onProgress: (done: number) => void,
): Promise<ReadonlyMap<string, Similarity>> {
  const places = new Map<string, Similarity>();
  for (const [index, { path, name }] of crops.entries()) {
    const picture = await decodeImage(path, { width: CROP, height: CROP, channels: 3 });
    const at = placeIn(index);
    const photograph = photographWith([{ picture, at }], PHOTOGRAPH.width, PHOTOGRAPH.height, index);
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), await encodeImage(photograph, 'jpeg'));
    places.set(name, at);
    onProgress(index + 1);
  }
  return places;
}
