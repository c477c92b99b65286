import { createRandom } from '@cf/core';
import {
  chooseFace,
  type FaceDetector,
  photographWith,
  placing,
  type RawImage,
  type Similarity,
} from '@cf/data';
import { decodeImage } from '@cf/data/node';
import { offBy } from './offsets.ts';

/** How many of some photographs had a face found, within ten pixels of 112 of where it is. */
export interface Found {
  readonly photographs: number;
  readonly found: number;
}

/** What is hard for a detector. */
export interface HardCases {
  /** Crops of 34 pixels in photographs of 1280×960. */
  readonly small: Found;
  /** Upside down or on their side. */
  readonly turned: Found;
  /** Crops as they are, without anything around them. */
  readonly bare: Found;
  /** Photographs of no face, and those in which one was seen. */
  readonly empty: Found;
}

/** Photographs of each kind. */
export const HARD_COUNTS = { small: 24, turned: 24, bare: 384, empty: 48 } as const;

const NEAR = 10;
const SMALL = 34;

/** @param crops paths of pictures of 112×112; the first ones are taken, some several times where there are few */
export async function measureHardCases(
  crops: readonly string[],
  detector: FaceDetector,
  shift: number,
  counts: { readonly [Kind in keyof HardCases]: number } = HARD_COUNTS,
): Promise<HardCases> {
  const count = async (photographs: number, isFound: (index: number, crop: RawImage) => Promise<boolean>) => {
    let found = 0;
    for (let index = 0; index < photographs; index++) {
      const crop = await decodeImage(crops[index % crops.length]!, { width: 112, height: 112, channels: 3 });
      if (await isFound(index, crop)) found++;
    }
    return { photographs, found };
  };
  const isNear = async (photograph: RawImage, at: Similarity): Promise<boolean> => {
    const face = chooseFace(await detector.detect(photograph), photograph);
    return face !== undefined && offBy(face.landmarks, at, shift) < NEAR;
  };
  return {
    small: await count(counts.small, (index, picture) => {
      const random = createRandom(index);
      const [x, y] = [random.uniform(50, 1230), random.uniform(50, 910)];
      const at = placing(x, y, SMALL / 112, random.uniform(-20, 20));
      return isNear(photographWith([{ picture, at }], 1280, 960, index), at);
    }),
    turned: await count(counts.turned, (index, picture) => {
      const at = placing(300, 250, 2, 90 * (1 + (index % 3)) + createRandom(index).uniform(-10, 10));
      return isNear(photographWith([{ picture, at }], 600, 500, index), at);
    }),
    bare: await count(counts.bare, (_, picture) => isNear(picture, placing(55.5, 55.5, 1, 0))),
    empty: await count(counts.empty, async (index, crop) => {
      const picture = { ...crop, data: rowsInDisorder(crop) };
      const photograph = photographWith([{ picture, at: placing(320, 240, 3, 0) }], 640, 480, index);
      return (await detector.detect(photograph)).length > 0;
    }),
  };
}

/** What has no face: the rows of one in another order. */
function rowsInDisorder({ width, height, channels, data }: RawImage): Uint8Array {
  const row = width * channels;
  return data.map((_, at) => data[((Math.floor(at / row) * 37 + 11) % height) * row + (at % row)]!);
}

/** The cases as a line. */
export function formatHardCases({ small, turned, bare, empty }: HardCases): string {
  const of = ({ found, photographs }: Found): string => `${found} of ${photographs}`;
  return `faces found: of 34 pixels in ${of(small)} photographs of 1280×960, upside down or on their side in ${of(turned)}, without a margin in ${of(bare)}; where there is none in ${of(empty)}`;
}
