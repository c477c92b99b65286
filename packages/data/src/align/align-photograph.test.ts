import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { put, temporaryFolder } from '../testing.ts';
import { areLandmarksOfFace, cropFace, facesOfPhotograph } from './align-photograph.ts';
import type { DetectedFace, FaceLandmarks, Point } from './face.ts';
import { withPhotograph } from './photograph.ts';
import { placing } from './photograph-with.ts';
import { ARCFACE_TEMPLATE } from './similarity.ts';
import { asCamera, landmarksAt } from './testing-photographs.ts';

/** A picture that is dark but for a soft spot around a place. */
function spotAt([x, y]: Point, width: number, height: number, radius: number) {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const [u, v] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    data[i] = Math.round(250 * Math.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * radius * radius)));
  }
  return { width, height, channels: 3, data } as const;
}

/** Where the light of a picture is, in the mean. */
function centroid({ width, data }: { readonly width: number; readonly data: Uint8Array }): Point {
  let [sum, x, y] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    sum += data[i]!;
    x += data[i]! * (Math.floor(i / 3) % width);
    y += data[i]! * Math.floor(i / 3 / width);
  }
  return [x / sum, y / sum];
}

const faceOf = (landmarks: FaceLandmarks): DetectedFace => ({
  box: { left: 0, top: 0, width: 1, height: 1 },
  landmarks,
  score: 1,
});

describe('cropFace', () => {
  it.each([
    ['from what the detector saw', placing(1200, 500, 5, 25), 1],
    ['from the photograph, larger than it', placing(1700, 300, 0.7, -30), 3],
    ['from the photograph, smaller than it', placing(1500, 600, 1.5, 10), 6],
    ['at the edge', placing(1960, 780, 0.9, 0), 8],
  ])('brings the nose to its place to a twentieth of a pixel: %s', async (_, at, orientation) => {
    const [width, height] = [2000, 803];
    const landmarks = landmarksAt(at);
    const image = spotAt(landmarks[2], width, height, 3 * Math.hypot(at.a, at.b));
    const file = join(await temporaryFolder(), 'photo.png');
    await put(file, await asCamera(image, orientation));
    await withPhotograph(file, async (photograph) => {
      expect([photograph.width, photograph.height]).toEqual([width, height]);
      const { view } = await facesOfPhotograph(photograph, async () => []);
      expect(view.width).toBe(1280);
      for (const seen of [view, undefined]) {
        const [x, y] = centroid(await cropFace(photograph, landmarks, seen));
        expect(Math.abs(x - ARCFACE_TEMPLATE[2][0])).toBeLessThan(0.05);
        expect(Math.abs(y - ARCFACE_TEMPLATE[2][1])).toBeLessThan(0.05);
      }
    });
  });
});

it('faces of a photograph are in its own pixels, to the half', async () => {
  const at: Point = [1501.3, 402.6];
  const file = join(await temporaryFolder(), 'photo.png');
  await put(file, await asCamera(spotAt(at, 2000, 800, 6), 6));
  const { faces } = await withPhotograph(file, (photograph) =>
    facesOfPhotograph(photograph, async (picture) => {
      const place = centroid(picture);
      return [faceOf([place, place, place, place, place])];
    }),
  );
  const [x, y] = faces[0]!.landmarks[4];
  expect(Math.hypot(x - at[0], y - at[1])).toBeLessThan(0.1);
});

it('landmarks of a face are told from others', () => {
  expect(areLandmarksOfFace(landmarksAt(placing(300, 200, 3, 100)))).toBe(true);
  const [eye, other, nose, mouth, corner] = ARCFACE_TEMPLATE;
  // Seen from the side.
  expect(
    areLandmarksOfFace([
      [50, 52],
      [70, 51],
      [74, 72],
      [52, 92],
      [66, 92],
    ]),
  ).toBe(true);
  expect(areLandmarksOfFace([other, eye, nose, corner, mouth])).toBe(false);
  expect(areLandmarksOfFace([mouth, corner, nose, eye, other])).toBe(false);
  expect(areLandmarksOfFace([eye, eye, eye, eye, eye])).toBe(false);
  expect(areLandmarksOfFace([eye, other, nose, mouth, [Number.NaN, 1]])).toBe(false);
});
