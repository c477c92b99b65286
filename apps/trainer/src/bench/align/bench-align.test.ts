import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ARCFACE_TEMPLATE, applySimilarity, type FaceLandmarks, invertSimilarity } from '@cf/data';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { temporaryFolder, withoutProgress } from '../../testing.ts';
import { benchAlign, formatAlign } from './bench-align.ts';
import { formatHardCases, measureHardCases } from './hard-cases.ts';
import { offBy, offsetsOf } from './offsets.ts';
import { PHOTOGRAPH, placeIn } from './photographs.ts';

withoutProgress();

const CORNERS = [
  [0, 0],
  [111, 0],
  [0, 111],
  [111, 111],
] as const;

it('a crop lies whole in its photograph, as wide as is said', () => {
  fc.assert(
    fc.property(fc.nat(1e6), (photograph) => {
      const at = placeIn(photograph);
      for (const corner of CORNERS) {
        const [x, y] = applySimilarity(at, corner);
        expect(Math.min(x, y)).toBeGreaterThan(-1);
        expect(Math.max(x - PHOTOGRAPH.width, y - PHOTOGRAPH.height)).toBeLessThan(1);
      }
      const wide = 112 * Math.hypot(at.a, at.b);
      expect(wide).toBeGreaterThanOrEqual(PHOTOGRAPH.narrowest);
      expect(wide).toBeLessThanOrEqual(PHOTOGRAPH.widest);
    }),
  );
});

it('landmarks that are where they should be are off by nothing, others by the pixels of the crop', () => {
  fc.assert(
    fc.property(fc.nat(1e6), fc.integer({ min: -9, max: 9 }), (photograph, shift) => {
      const at = placeIn(photograph);
      const landmarks = (by: number) =>
        ARCFACE_TEMPLATE.map(([x, y]) => applySimilarity(at, [x + by, y])) as unknown as FaceLandmarks;
      expect(offBy(landmarks(shift), at, shift)).toBeCloseTo(0, 8);
      expect(offBy(landmarks(shift + 3), at, shift)).toBeCloseTo(3, 8);
      expect(applySimilarity(invertSimilarity(at), applySimilarity(at, [5, 6]))[0]).toBeCloseTo(5, 8);
    }),
  );
  const hundred = Array.from({ length: 100 }, (_, i) => i);
  expect(offsetsOf(hundred)).toEqual({ median: 50, of90: 90, of99: 99, largest: 99 });
  expect(offsetsOf([7])).toEqual({ median: 7, of90: 7, of99: 7, largest: 7 });
});

it('a list of pairs without a picture in the folder is refused before photographs are made', async () => {
  const data = await temporaryFolder();
  mkdirSync(join(data, 'Ann'));
  const pairs = join(data, 'pairs.txt');
  writeFileSync(pairs, '1\t1\nBob\t1\t2\nBob\t1\tCid\t1\n');
  const options = { data, pairs, folds: undefined, shift: 0, threads: 1, timed: 1, rounds: 1, hard: false };
  const { signal } = new AbortController();
  await expect(benchAlign({ ...options, signal })).rejects.toThrow(/no picture of which is in /);
});

const FACES = resolve(import.meta.dirname, '../../../../../../shared/data/lfw-112');

it.skipIf(!existsSync(FACES))('faces are found where they were laid (needs ../shared)', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'faces');
  for (const name of ['AJ_Cook', 'Aaron_Peirsol', 'Abba_Eban']) {
    mkdirSync(join(data, name), { recursive: true });
    for (const n of name === 'Aaron_Peirsol' ? [1, 2] : [1])
      copyFileSync(join(FACES, name, `${name}_000${n}.jpg`), join(data, name, `${name}_000${n}.jpg`));
  }
  const pairs = join(folder, 'pairs.txt');
  writeFileSync(pairs, '1\t1\nAaron_Peirsol\t1\t2\nAJ_Cook\t1\tAbba_Eban\t1\n');
  const { signal } = new AbortController();
  const sizes = { threads: 1, timed: 2, rounds: 1, limit: 3, hard: false };
  const report = await benchAlign({ data, pairs, folds: undefined, shift: -8, ...sizes, signal });
  expect(report).toMatchObject({ photographs: 3, aligned: 3, threads: 1, hard: null, accuracy: null });
  expect(report.off.median).toBeGreaterThan(0);
  expect(report.off.largest).toBeLessThan(6);
  const accuracy = { photographs: 0.5061, aligned: 0.9967, crops: 0.9933 };
  const off = { median: 1.26, of90: 2.1, of99: 3.4, largest: 7.4 };
  const lines = formatAlign({
    ...report,
    threads: 2,
    oneThreadMs: 60,
    threadsMs: 40,
    cpuMs: 70,
    off,
    accuracy,
  });
  expect(lines.split('\n')).toEqual([
    '3 crops of 3 photographs; off by 1.3 pixels of 112 in the median, 2.1 at the 90th percentile, 3.4 at the 99th, 7.4 at most',
    'a photograph takes 60 ms with one thread, 40 ms with 2: 1.50 times as fast; 70 ms of the processor',
    'accuracy on the pairs: 0.506 on the photographs, 0.997 on the crops that were found, 0.993 on those that they were made of',
  ]);
});

it.skipIf(!existsSync(FACES))('hard cases are counted (needs ../shared)', async () => {
  const crop = join(FACES, 'AJ_Cook', 'AJ_Cook_0001.jpg');
  const landmarks = (by: number) => ARCFACE_TEMPLATE.map(([x, y]) => [x + by, y]) as unknown as FaceLandmarks;
  const box = { left: 0, top: 0, width: 112, height: 112 };
  // Sees a face where that of a bare crop is, in every picture.
  const detector = {
    name: 'always',
    detect: async () => [{ box, landmarks: landmarks(-8), score: 1 }],
    close: async () => {},
  };
  const counts = { small: 1, turned: 1, bare: 2, empty: 1 };
  const found = await measureHardCases([crop], detector, -8, counts);
  expect(found).toEqual({
    small: { photographs: 1, found: 0 },
    turned: { photographs: 1, found: 0 },
    bare: { photographs: 2, found: 2 },
    empty: { photographs: 1, found: 1 },
  });
  const bare = { small: 0, turned: 0, bare: 1, empty: 0 };
  expect((await measureHardCases([crop], detector, 3, bare)).bare.found).toBe(0);
  expect(formatHardCases(found)).toBe(
    'faces found: of 34 pixels in 0 of 1 photographs of 1280×960, upside down or on their side in 0 of 1, without a margin in 2 of 2; where there is none in 1 of 1',
  );
});
