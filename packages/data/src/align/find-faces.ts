import type { RawImage } from '../image/raw-image.ts';
import { BLAZE_SIDE, type BlazeFace } from './blaze-face.ts';
import type { DetectedFace, Point } from './face.ts';
import { landmarksOfMesh, MESH_SIDE } from './face-mesh.ts';
import { applySimilarity, invertSimilarity, type Similarity, scaleOf } from './similarity.ts';
import { ImagePyramid, warpImage } from './warp.ts';

/** The two networks of @vladmandic/human that are used. Pictures are RGB. */
export interface FaceNetworks {
  /** Of a picture of 256×256. */
  blazeFace(picture: RawImage): Promise<readonly BlazeFace[]>;
  /** Of an upright face, 192×192: 468 points x, y, z in its pixels, and how likely it is a face. */
  faceMesh(picture: RawImage): Promise<{ readonly points: Float32Array; readonly score: number }>;
}

/** The mesh calls less than this no face. */
const LEAST_SCORE = 0.5;
/** Side of the mesh's picture over that of the box around the face. */
const MESH_MARGIN = 1.5;

/** BlazeFace scores a face that stands upright higher; under it, a face that is upside down may pass for one. */
const SURE_SCORE = 0.8;
const CLEARLY = 0.1;

/**
 * Finds the faces of a picture.
 *
 * BlazeFace sees the whole picture first. Where it sees no face there, it gets it smaller, for a face that fills it, and then
 * in overlapping parts, for small faces. Unless it is sure, it gets the whole picture upside down as well, which counts
 * where it is clearly surer. Quarter turns it sees by itself. The mesh then finds the landmarks of each face.
 */
export async function findFaces(networks: FaceNetworks, picture: RawImage): Promise<readonly DetectedFace[]> {
  const pyramid = new ImagePyramid(picture);
  const seenIn = async (views: readonly Similarity[]): Promise<readonly DetectedFace[]> => {
    const found: DetectedFace[] = [];
    for (const view of views) {
      const input = warpImage(pyramid, view, BLAZE_SIDE, BLAZE_SIDE);
      for (const face of await networks.blazeFace(input)) {
        const meshed = await withMesh(networks, pyramid, placed(face, invertSimilarity(view)));
        if (meshed !== undefined) found.push(meshed);
      }
    }
    return withoutDoubles(found);
  };
  let upright: readonly DetectedFace[] = [];
  for (const views of viewsOf(picture)) {
    upright = await seenIn(views);
    if (upright.length > 0) break;
  }
  if (surest(upright) >= SURE_SCORE) return upright;
  const turned = await seenIn([upsideDown(viewOf(wholeOf(picture), 1))]);
  return surest(turned) > surest(upright) + CLEARLY || upright.length === 0 ? turned : upright;
}

function surest(faces: readonly DetectedFace[]): number {
  return Math.max(0, ...faces.map(({ score }) => score));
}

function wholeOf({ width, height }: RawImage): Part {
  return { x: -0.5, y: -0.5, width, height };
}

/** Groups of similarities from the picture to BlazeFace's input; a group is tried where those before it showed no face. */
function* viewsOf(picture: RawImage): Generator<readonly Similarity[]> {
  const { width, height } = picture;
  yield [viewOf(wholeOf(picture), 1)];
  yield [viewOf(wholeOf(picture), 0.6)];
  for (const parts of [2, 3]) {
    // A part that is smaller than the input is no better to see.
    if (Math.max(width, height) / parts < BLAZE_SIDE) break;
    yield partsOf(width, height, parts).map((part) => viewOf(part, 1));
  }
}

interface Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Parts of a side of 1/n of the longer one and half as much again, in even steps. */
function partsOf(width: number, height: number, parts: number): readonly Part[] {
  const side = (1.5 * Math.max(width, height)) / (parts + 0.5);
  const starts = (length: number): readonly number[] => {
    const count = length <= side ? 1 : Math.ceil((length - side) / (side / 1.5)) + 1;
    return Array.from({ length: count }, (_, i) => (count === 1 ? 0 : (i * (length - side)) / (count - 1)));
  };
  return starts(height).flatMap((y) =>
    starts(width).map((x) => ({
      x: x - 0.5,
      y: y - 0.5,
      width: Math.min(side, width),
      height: Math.min(side, height),
    })),
  );
}

/** Brings a part into the middle of the input, its longer side to a share of the input's. */
function viewOf({ x, y, width, height }: Part, share: number): Similarity {
  const a = (share * BLAZE_SIDE) / Math.max(width, height);
  const middle = (BLAZE_SIDE - 1) / 2;
  return { a, b: 0, x: middle - a * (x + width / 2), y: middle - a * (y + height / 2) };
}

/** The same view turned by half about the middle of the input. */
function upsideDown({ a, b, x, y }: Similarity): Similarity {
  return { a: -a, b: -b, x: BLAZE_SIDE - 1 - x, y: BLAZE_SIDE - 1 - y };
}

/** A face in the picture: its middle, its size, and how far it is turned. */
interface Placed {
  readonly center: Point;
  readonly width: number;
  readonly height: number;
  /** Radians from upright. */
  readonly angle: number;
  readonly score: number;
}

function placed({ center, width, height, points, score }: BlazeFace, back: Similarity): Placed {
  // The network's edges are at 0 and 256; ours half a pixel outside of the first and last centre.
  const at = ([x, y]: Point): Point => applySimilarity(back, [x - 0.5, y - 0.5]);
  const [left, right] = [at(points[0]!), at(points[1]!)];
  const scale = scaleOf(back);
  return {
    center: at(center),
    width: width * scale,
    height: height * scale,
    angle: Math.atan2(right[1] - left[1], right[0] - left[0]),
    score,
  };
}

/** The face with the landmarks of the mesh, which is laid on twice: the first tells better where the face is. */
async function withMesh(
  networks: FaceNetworks,
  pyramid: ImagePyramid,
  first: Placed,
): Promise<DetectedFace | undefined> {
  let face = first;
  for (let round = 0; ; round++) {
    const view = meshView(face);
    const { points, score } = await networks.faceMesh(warpImage(pyramid, view, MESH_SIDE, MESH_SIDE));
    if (!(score >= LEAST_SCORE)) return undefined;
    const back = invertSimilarity(view);
    const point = (index: number): Point =>
      applySimilarity(back, [points[3 * index]! - 0.5, points[3 * index + 1]! - 0.5]);
    const mesh = Array.from({ length: points.length / 3 }, (_, index) => point(index));
    const landmarks = landmarksOfMesh(point);
    const [xs, ys] = [mesh.map(([x]) => x), mesh.map(([, y]) => y)];
    const [left, top] = [Math.min(...xs), Math.min(...ys)];
    const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
    if (round === MESH_ROUNDS - 1)
      return { box: { left, top, width, height }, landmarks, score: first.score };
    const [eye, other] = landmarks;
    const angle = Math.atan2(other[1] - eye[1], other[0] - eye[0]);
    face = { ...first, center: [left + width / 2, top + height / 2], width, height, angle };
  }
}

const MESH_ROUNDS = 2;

function meshView({ center: [x, y], width, height, angle }: Placed): Similarity {
  const scale = MESH_SIDE / (MESH_MARGIN * Math.max(width, height));
  const [a, b] = [scale * Math.cos(angle), -scale * Math.sin(angle)];
  const middle = (MESH_SIDE - 1) / 2;
  return { a, b, x: middle - (a * x - b * y), y: middle - (b * x + a * y) };
}

/** Of boxes of which one lies in another for the most part, the surer one: a part of a face is no face of its own. */
function withoutDoubles(faces: readonly DetectedFace[]): readonly DetectedFace[] {
  const kept: DetectedFace[] = [];
  for (const face of [...faces].sort((one, other) => other.score - one.score)) {
    if (kept.every(({ box }) => sharedShare(box, face.box) < MOST_SHARED)) kept.push(face);
  }
  return kept;
}

const MOST_SHARED = 0.4;

/** Intersection over the smaller of two boxes. */
function sharedShare(one: DetectedFace['box'], other: DetectedFace['box']): number {
  const width = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
  const height = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
  const smaller = Math.min(one.width * one.height, other.width * other.height);
  return (Math.max(0, width) * Math.max(0, height)) / smaller;
}
