import type { FaceLandmarks, Point } from './face.ts';

/** Side of the network's square picture. */
export const MESH_SIDE = 192;

/**
 * Points of the face mesh by their numbers (MediaPipe's canonical face): corners of each eye and the middles of its lids,
 * tip of the nose, outer corners of the mouth. Of the points near by, these lie nearest to ArcFace's template on aligned
 * faces.
 */
const POINTS = {
  eyes: [
    [33, 133, 159, 145],
    [362, 263, 386, 374],
  ],
  nose: 1,
  mouth: [61, 291],
} as const;

/** The five landmarks of a mesh of 468 points; an eye is the mean of its corners and lids. */
export function landmarksOfMesh(point: (index: number) => Point): FaceLandmarks {
  const mean = (indices: readonly number[]): Point => {
    const points = indices.map(point);
    const sum = (axis: 0 | 1): number => points.reduce((total, place) => total + place[axis], 0);
    return [sum(0) / points.length, sum(1) / points.length];
  };
  const { eyes, nose, mouth } = POINTS;
  return [mean(eyes[0]), mean(eyes[1]), point(nose), point(mouth[0]), point(mouth[1])];
}
