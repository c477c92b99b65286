import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import { SHARED } from '../testing.ts';
import { checkAlignment } from './alignment-check.ts';
import { chooseFace, type FaceDetector } from './face.ts';
import { humanDetector } from './human-detector.ts';
import { photographWith, placing } from './photograph-with.ts';
import {
  applySimilarity,
  meanDistance,
  type Similarity,
  templateOf,
  templateSimilarity,
} from './similarity.ts';
import { landmarksAt } from './testing-photographs.ts';

const FACES = join(SHARED, 'data/lfw-112');

/** The crops that are tested on have their faces eight pixels to the left of the template. */
const SHIFT = -8;

describe.skipIf(!existsSync(FACES))('the detector on real faces (needs ../shared)', () => {
  let detector: FaceDetector;
  let people: readonly string[];
  beforeAll(async () => {
    detector = await humanDetector({ threads: 1 });
    people = readdirSync(FACES);
  });
  afterAll(() => detector.close());

  const face = (index: number): Promise<RawImage> => {
    const folder = join(FACES, people[(index * 191 + 7) % people.length]!);
    return decodeImage(join(folder, readdirSync(folder)[0]!), { channels: 3 });
  };

  /** How far, in pixels of the crop, the chosen face's crop is from the one that the photograph was made of. */
  async function offBy(picture: RawImage, at: Similarity): Promise<number> {
    const chosen = chooseFace(await detector.detect(picture), picture);
    if (chosen === undefined) return Number.POSITIVE_INFINITY;
    const similarity = templateSimilarity(chosen.landmarks);
    return meanDistance(
      landmarksAt(at, SHIFT).map((point) => applySimilarity(similarity, point)),
      templateOf(112),
    );
  }

  /** Median and largest of what photographs give. */
  async function measured(
    count: number,
    make: (i: number) => { width: number; height: number; at: Similarity; others?: readonly Similarity[] },
  ): Promise<{ median: number; largest: number }> {
    const all: number[] = [];
    for (let i = 0; i < count; i++) {
      const { width, height, at, others = [] } = make(i);
      const pictures = [{ picture: await face(i), at }];
      for (const [k, other] of others.entries())
        pictures.push({ picture: await face(100 + i + k), at: other });
      all.push(await offBy(photographWith(pictures, width, height, i), at));
    }
    all.sort((a, b) => a - b);
    return { median: all[Math.floor(count / 2)]!, largest: all.at(-1)! };
  }

  it.each([
    [
      'of any size and place',
      (i: number) => ({
        width: 800,
        height: 600,
        at: placing(250 + 40 * i, 330, 0.7 + 0.25 * i, 5 * i - 20),
      }),
    ],
    [
      'turned on its side',
      (i: number) => ({ width: 500, height: 700, at: placing(250, 350, 2, i % 2 === 0 ? 90 : -80) }),
    ],
    ['upside down', (i: number) => ({ width: 600, height: 500, at: placing(300, 250, 2, 180 + 4 * i) })],
    [
      'that fills the photograph',
      (i: number) => ({ width: 300, height: 300, at: placing(150, 150, 2.5, 2 * i) }),
    ],
    [
      'that is small in it',
      (i: number) => ({ width: 900, height: 700, at: placing(150 + 140 * i, 500, 0.4, 10) }),
    ],
    [
      'beside smaller ones',
      (i: number) => ({
        width: 1000,
        height: 700,
        at: placing(560, 380, 2, 3 * i),
        others: [placing(130, 120, 1, 0), placing(880, 120, 0.9, 0)],
      }),
    ],
  ])('finds a face %s, to a few pixels', async (_, make) => {
    const { median, largest } = await measured(3, make);
    expect(median).toBeLessThan(3);
    expect(largest).toBeLessThan(6);
  });

  it('finds faces in crops without a margin too, and nothing where there is no face', async () => {
    let found = 0;
    for (let i = 0; i < 12; i++) found += (await offBy(await face(i), placing(55.5, 55.5, 1, 0))) < 6 ? 1 : 0;
    expect(found).toBeGreaterThanOrEqual(11);
    for (let i = 0; i < 6; i++) {
      const { data } = await face(i);
      // Rows in another order are no face.
      const shuffled = data.map(
        (__, at) => data[(((Math.floor(at / 336) * 37 + 11) % 112) * 336 + (at % 336)) | 0]!,
      );
      const picture = { width: 112, height: 112, channels: 3, data: shuffled } as const;
      expect(
        await detector.detect(photographWith([{ picture, at: placing(320, 240, 3, 0) }], 640, 480, i)),
      ).toEqual([]);
    }
  });

  it('tells photographs from aligned crops, of another template too', async () => {
    const crops = await Promise.all(Array.from({ length: 16 }, (_, i) => face(i)));
    expect(await checkAlignment(crops, detector)).toMatchObject({ looked: 16, far: 0, isUnaligned: false });
    const photographs = crops
      .slice(0, 6)
      .map((picture, i) =>
        photographWith([{ picture, at: placing(200 + 20 * i, 220, 1.5, 0) }], 448, 448, i),
      );
    const check = await checkAlignment(photographs, detector);
    expect(check).toMatchObject({ looked: 6, isUnaligned: true });
    expect(check.far).toBeGreaterThan(4);
    const nothing = Array.from({ length: 4 }, (_, i) => photographWith([], 200, 200, i));
    expect(await checkAlignment(nothing, detector)).toMatchObject({ found: 0, isUnaligned: false });
  });

  it('works on several pictures at a time, with the same results', async () => {
    const pictures = await Promise.all([0, 1, 2, 3].map(face));
    const together = await Promise.all(pictures.map((picture) => detector.detect(picture)));
    for (const [i, picture] of pictures.entries())
      expect(await detector.detect(picture)).toEqual(together[i]);
  });
});
