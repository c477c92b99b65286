import type { RawImage } from '../image/raw-image.ts';
import { areLandmarksOfFace, cropFace, facesOfPhotograph } from './align-photograph.ts';
import { type DetectedFace, type FaceDetector, faceWeight } from './face.ts';
import { withPhotograph } from './photograph.ts';
import { TEMPLATE_SIDE } from './similarity.ts';

/** A face of a photograph, with its aligned crop. */
export interface AlignedFace extends DetectedFace {
  /** RGB, as {@link alignFolder} makes it. */
  readonly crop: RawImage;
}

/**
 * Finds the faces of a photograph and makes the aligned crop of each: its landmarks on ArcFace's template. The largest and
 * most central one comes first, as {@link faceWeight} has it.
 *
 * @param side of the crops, in pixels; the template's by default
 * @throws UnreadableImageError
 */
export function alignedFaces(
  file: string,
  detector: FaceDetector,
  side: number = TEMPLATE_SIDE,
): Promise<readonly AlignedFace[]> {
  return withPhotograph(file, async (photograph) => {
    const { faces, view } = await facesOfPhotograph(photograph, (picture) => detector.detect(picture));
    const found = faces
      .filter(({ landmarks }) => areLandmarksOfFace(landmarks))
      .sort((one, other) => faceWeight(other, photograph) - faceWeight(one, photograph));
    const aligned: AlignedFace[] = [];
    for (const face of found)
      aligned.push({ ...face, crop: await cropFace(photograph, face.landmarks, view, side) });
    return aligned;
  });
}
