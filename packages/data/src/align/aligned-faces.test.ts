import { join } from 'node:path';
import { expect, it } from 'vitest';
import { put, temporaryFolder } from '../testing.ts';
import { alignedFaces } from './aligned-faces.ts';
import type { DetectedFace, FaceDetector, FaceLandmarks } from './face.ts';
import { photographWith, placing } from './photograph-with.ts';
import { asCamera, landmarksAt } from './testing-photographs.ts';

const spots = [placing(300, 200, 1, 0), placing(120, 100, 0.7, 20)];
const faceOf = (landmarks: FaceLandmarks, width: number): DetectedFace => {
  const [x, y] = landmarks[2];
  return {
    box: { left: x - width / 2, top: y - width / 2, width, height: width },
    landmarks,
    score: 0.9,
  };
};
const noFace = faceOf([0, 1, 0, 1, 0].map((i) => [200 * i, 90 * i]) as unknown as FaceLandmarks, 500);

it('crops of all faces of a photograph, the largest and most central first, what is no face left out', async () => {
  const picture = {
    width: 112,
    height: 112,
    channels: 3,
    data: new Uint8Array(112 * 112 * 3).fill(255),
  } as const;
  const photograph = photographWith([{ picture, at: spots[0]! }], 640, 400, 1);
  const file = await put(join(await temporaryFolder(), 'two.png'), await asCamera(photograph, 1));
  const faces = [noFace, faceOf(landmarksAt(spots[1]!), 70), faceOf(landmarksAt(spots[0]!), 100)];
  const detector: FaceDetector = { name: 'test', detect: async () => faces, close: async () => {} };
  const found = await alignedFaces(file, detector);
  expect(found.map(({ box }) => box)).toEqual([faces[2]!.box, faces[1]!.box]);
  expect(found.map(({ crop }) => [crop.width, crop.height])).toEqual([
    [112, 112],
    [112, 112],
  ]);
  // The white picture fills its crop.
  expect(Math.min(...found[0]!.crop.data.slice(3 * (112 * 56 + 6), 3 * (112 * 57 - 6)))).toBeGreaterThan(250);
  expect(Math.min(...found[1]!.crop.data)).toBeLessThan(200);
  expect(await alignedFaces(file, { ...detector, detect: async () => [noFace] })).toEqual([]);
});
