import { UnreadableImageError } from '../errors.ts';
import { facesOfPhotograph } from './align-photograph.ts';
import { spread } from './alignment-sheets.ts';
import { chooseFace, type FaceDetector } from './face.ts';
import { openPhotograph } from './photograph.ts';
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
 * Looks at a few pictures, spread evenly over a list, and tells whether faces lie where aligned crops have them when a
 * picture is scaled to cover a square, which is how training takes it.
 *
 * @param sample how many are looked at; 16 by default
 */
export async function checkAlignment(
  files: readonly string[],
  detector: FaceDetector,
  { sample = 16, signal }: { readonly sample?: number; readonly signal?: AbortSignal } = {},
): Promise<AlignmentCheck> {
  const chosen = spread(files, sample);
  const similarities = await Promise.all(
    chosen.map(async (file) => {
      try {
        signal?.throwIfAborted();
        return await similarityOf(file, detector);
      } catch (error) {
        // Training tells what can't be read.
        if (error instanceof UnreadableImageError) return undefined;
        throw error;
      }
    }),
  );
  const found = similarities.filter((similarity) => similarity !== undefined);
  const far = found.filter(isFar).length;
  const isUnaligned = found.length >= Math.min(LEAST_FOUND, chosen.length) && far > found.length / 2;
  return { looked: chosen.length, found: found.length, far, isUnaligned };
}

/** From the picture as training sees it, in pixels of the template, to the template. */
async function similarityOf(file: string, detector: FaceDetector): Promise<Similarity | undefined> {
  const photograph = await openPhotograph(file);
  const { faces } = await facesOfPhotograph(photograph, (picture) => detector.detect(picture));
  const face = chooseFace(faces, photograph);
  if (face === undefined) return undefined;
  const { width, height } = photograph;
  const scale = TEMPLATE_SIDE / Math.min(width, height);
  const covered = face.landmarks.map(([x, y]) => [
    scale * (x + 0.5 - width / 2) + TEMPLATE_SIDE / 2 - 0.5,
    scale * (y + 0.5 - height / 2) + TEMPLATE_SIDE / 2 - 0.5,
  ]);
  return templateSimilarity(covered as unknown as typeof face.landmarks);
}

function isFar(similarity: Similarity): boolean {
  const scale = scaleOf(similarity);
  const degrees = (Math.abs(Math.atan2(similarity.b, similarity.a)) * 180) / Math.PI;
  const middle = (TEMPLATE_SIDE - 1) / 2;
  const [x, y] = applySimilarity(similarity, [middle, middle]);
  const shift = Math.hypot(x - middle, y - middle) / TEMPLATE_SIDE;
  return Math.max(scale, 1 / scale) > MOST_SCALE || degrees > MOST_DEGREES || shift > MOST_SHIFT;
}
