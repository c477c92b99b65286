import type { RawImage } from '../image/raw-image.ts';

/** A place in a picture, in pixels: the centre of the first pixel is [0, 0]. */
export type Point = readonly [x: number, y: number];

/** Eye, eye, tip of the nose, corner and corner of the mouth; of each two the one on the left of the picture comes first. */
export type FaceLandmarks = readonly [Point, Point, Point, Point, Point];

/** A face in a picture. */
export interface DetectedFace {
  /** Around the face, in pixels; it may reach out of the picture. */
  readonly box: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
  readonly landmarks: FaceLandmarks;
  /** How sure the detector is, 0 to 1. */
  readonly score: number;
}

/** What finds faces. Bring your own by this interface. */
export interface FaceDetector {
  /** Name and version. Crops are made anew by a detector that is called otherwise. */
  readonly name: string;
  /** Pictures that it works on at a time; 1 by default. */
  readonly concurrency?: number;
  /** All faces of an RGB picture, in any order. */
  detect(picture: RawImage): Promise<readonly DetectedFace[]>;
  /** Ends threads and gives memory back. */
  close(): Promise<void>;
}

/**
 * What makes a face the one that is meant: the area of its box, times 1 in the middle of the picture, 0 in its corners, and
 * evenly between.
 */
export function faceWeight(
  { box }: DetectedFace,
  { width, height }: { width: number; height: number },
): number {
  const dx = box.left + box.width / 2 - (width - 1) / 2;
  const dy = box.top + box.height / 2 - (height - 1) / 2;
  const toCorner = Math.hypot(width, height) / 2;
  return box.width * box.height * (1 - Math.hypot(dx, dy) / toCorner);
}

/**
 * The largest and most central face: the one of the largest {@link faceWeight}.
 *
 * @returns undefined where there is none
 */
export function chooseFace(
  faces: readonly DetectedFace[],
  picture: { width: number; height: number },
): DetectedFace | undefined {
  let best: DetectedFace | undefined;
  for (const face of faces) {
    if (best === undefined || faceWeight(face, picture) > faceWeight(best, picture)) best = face;
  }
  return best;
}

/** Landmarks of a picture that was scaled, in the picture that it was scaled from. */
export function scaleLandmarks(landmarks: FaceLandmarks, scaleX: number, scaleY: number): FaceLandmarks {
  return landmarks.map(([x, y]) => [
    (x + 0.5) * scaleX - 0.5,
    (y + 0.5) * scaleY - 0.5,
  ]) as unknown as FaceLandmarks;
}
