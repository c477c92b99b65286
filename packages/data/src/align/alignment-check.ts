import type { RawImage } from '../image/raw-image.ts';
import { chooseFace, type FaceDetector, scaleLandmarks } from './face.ts';
import {
  applySimilarity,
  type Similarity,
  scaleOf,
  TEMPLATE_SIDE,
  templateSimilarity,
} from './similarity.ts';

/** What a look at some pictures of a folder says about their alignment. */
export interface AlignmentCheck {
  /** Pictures that were looked at. */
  readonly looked: number;
  /** Of them, how many show a face. */
  readonly found: number;
  /** Of those, how many faces lie far from where ArcFace's template has them. */
  readonly far: number;
  /** Whether most faces that were found are far, and enough were found to say so. */
  readonly isUnaligned: boolean;
}

/** A face is far from the template where it has to be scaled by more than this, or its inverse … */
const MOST_SCALE = 1.3;
/** … turned by more degrees … */
const MOST_DEGREES = 15;
/** … or moved by more of the side: aligned crops of other templates are off by a fourteenth. */
const MOST_SHIFT = 1 / 7;
/** With fewer faces nothing is said. */
const LEAST_FOUND = 4;

/**
 * Tells whether faces lie where aligned crops have them.
 *
 * @param pictures some of a folder, square, RGB, as training takes them: cut at the centre. A few hundred pixels a side
 * show small faces too.
 */
export async function checkAlignment(
  pictures: readonly RawImage[],
  detector: FaceDetector,
): Promise<AlignmentCheck> {
  const all = await Promise.all(pictures.map((picture) => similarityOf(picture, detector)));
  const found = all.filter((similarity) => similarity !== undefined);
  const far = found.filter(isFar).length;
  const isUnaligned = found.length >= Math.min(LEAST_FOUND, pictures.length) && far > found.length / 2;
  return { looked: pictures.length, found: found.length, far, isUnaligned };
}

/** From a picture scaled to the template's size to the template. */
async function similarityOf(picture: RawImage, detector: FaceDetector): Promise<Similarity | undefined> {
  const face = chooseFace(await detector.detect(picture), picture);
  if (face === undefined) return undefined;
  const scale = TEMPLATE_SIDE / Math.min(picture.width, picture.height);
  return templateSimilarity(scaleLandmarks(face.landmarks, scale, scale));
}

function isFar(similarity: Similarity): boolean {
  const scale = scaleOf(similarity);
  const degrees = (Math.abs(Math.atan2(similarity.b, similarity.a)) * 180) / Math.PI;
  const middle = (TEMPLATE_SIDE - 1) / 2;
  const [x, y] = applySimilarity(similarity, [middle, middle]);
  const shift = Math.hypot(x - middle, y - middle) / TEMPLATE_SIDE;
  return Math.max(scale, 1 / scale) > MOST_SCALE || degrees > MOST_DEGREES || shift > MOST_SHIFT;
}
