import type { RawImage } from '../image/raw-image.ts';
import { type DetectedFace, type FaceLandmarks, scaleLandmarks } from './face.ts';
import type { Photograph } from './photograph.ts';
import {
  applySimilarity,
  invertSimilarity,
  meanDistance,
  type Similarity,
  scaleOf,
  TEMPLATE_SIDE,
  templateOf,
  templateSimilarity,
} from './similarity.ts';
import { warpImage } from './warp.ts';

/** A detector sees photographs of at most this side; a face of a twentieth of it still has 64 pixels. */
const DETECTION_SIDE = 1280;

/** Pixels of the template; landmarks that stay farther from it in the mean are of no face, or in another order. */
const FARTHEST = 14;

/** Finds the faces of a photograph; landmarks and boxes are in its own pixels. */
export async function facesOfPhotograph(
  photograph: Photograph,
  detect: (picture: RawImage) => Promise<readonly DetectedFace[]>,
): Promise<{ readonly view: RawImage; readonly faces: readonly DetectedFace[] }> {
  const view = await photograph.whole(DETECTION_SIDE);
  const [sx, sy] = [photograph.width / view.width, photograph.height / view.height];
  const faces = (await detect(view)).map(({ box, landmarks, score }) => ({
    box: { left: box.left * sx, top: box.top * sy, width: box.width * sx, height: box.height * sy },
    landmarks: scaleLandmarks(landmarks, sx, sy),
    score,
  }));
  return { view, faces };
}

/** A face from landmarks that somebody else has found, with a box around them. */
export function faceFromLandmarks(landmarks: FaceLandmarks): DetectedFace {
  const [xs, ys] = [landmarks.map(([x]) => x), landmarks.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const box = { left, top, width: Math.max(...xs) - left, height: Math.max(...ys) - top };
  return { box, landmarks, score: 1 };
}

/** Whether five landmarks lie as those of a face do, seen from the front or the side. */
export function areLandmarksOfFace(landmarks: FaceLandmarks): boolean {
  if (!landmarks.flat().every(Number.isFinite)) return false;
  let similarity: Similarity;
  try {
    similarity = templateSimilarity(landmarks);
  } catch {
    return false;
  }
  const placed = landmarks.map((point) => applySimilarity(similarity, point));
  return meanDistance(placed, templateOf(TEMPLATE_SIDE)) <= FARTHEST;
}

/**
 * The aligned crop of a face: five landmarks are brought onto ArcFace's template by the similarity that fits them best. What
 * lies outside of the photograph is black.
 *
 * @param view the photograph, or a smaller copy of it; where it has fewer pixels than the crop shows, they are read from
 * the photograph
 */
export async function cropFace(
  photograph: Photograph,
  landmarks: FaceLandmarks,
  view: RawImage | undefined,
  side: number = TEMPLATE_SIDE,
): Promise<RawImage> {
  const similarity = templateSimilarity(landmarks, side);
  const { width, height } = photograph;
  if (view !== undefined) {
    const isEnough = view.width === width || scaleOf(similarity) <= view.width / width;
    if (isEnough) return cropOf(view, landmarks, view.width / width, view.height / height, side);
  }
  const corners = [
    [-1, -1],
    [side, -1],
    [-1, side],
    [side, side],
  ].map(([x, y]) => applySimilarity(invertSimilarity(similarity), [x!, y!]));
  const span = (axis: 0 | 1, length: number): readonly [number, number] => {
    const values = corners.map((corner) => corner[axis]);
    const from = Math.min(length - 1, Math.max(0, Math.floor(Math.min(...values)) - 2));
    return [from, Math.max(from + 1, Math.min(length, Math.ceil(Math.max(...values)) + 3))];
  };
  const [[left, right], [top, bottom]] = [span(0, width), span(1, height)];
  // Twice the pixels of the crop, of which the warp takes means.
  const shrink = Math.min(1, 2 * scaleOf(similarity));
  const region = { left, top, width: right - left, height: bottom - top };
  const size = [region.width, region.height].map((length) => Math.max(1, Math.round(length * shrink)));
  const part = await photograph.part(region, size[0]!, size[1]!);
  const shifted = landmarks.map(([x, y]) => [x - left, y - top]) as unknown as FaceLandmarks;
  return cropOf(part, shifted, part.width / region.width, part.height / region.height, side);
}

/** The crop of a picture that was scaled; landmarks are those before. */
function cropOf(
  picture: RawImage,
  landmarks: FaceLandmarks,
  scaleX: number,
  scaleY: number,
  side: number,
): RawImage {
  return warpImage(picture, templateSimilarity(scaleLandmarks(landmarks, scaleX, scaleY), side), side, side);
}
