import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { encodeImage } from '../image/encode.ts';
import { areLandmarksOfFace, cropFace, faceFromLandmarks, facesOfPhotograph } from './align-photograph.ts';
import type { AlignmentEntry } from './alignment-record.ts';
import { chooseFace, type FaceDetector, type FaceLandmarks } from './face.ts';
import type { PhotographFile } from './find-photographs.ts';
import { type Photograph, withPhotograph } from './photograph.ts';
import { writeAside } from './write-aside.ts';

/** Changes whenever crops of the same photographs come out otherwise. */
export const ALIGNMENT_VERSION = 1;

/** From where to where photographs are aligned, and how. */
export interface Alignment {
  readonly data: string;
  readonly out: string;
  readonly detector: FaceDetector | undefined;
  readonly landmarks: ReadonlyMap<string, readonly FaceLandmarks[]> | undefined;
  readonly format: 'jpeg' | 'png';
}

/** Changes when the photograph does, or when it would come out otherwise. */
export function fingerprint({ path, bytes, changed }: PhotographFile, alignment: Alignment): string {
  const given = alignment.landmarks?.get(path.normalize('NFC'));
  const how = alignment.landmarks === undefined ? alignment.detector!.name : JSON.stringify(given ?? null);
  const hash = createHash('sha256').update(`${ALIGNMENT_VERSION}\0${how}\0${alignment.format}`).digest('hex');
  return `${bytes}:${changed}:${hash.slice(0, 16)}`;
}

/** What the record tells of a photograph, beside what it was made of. */
type Outcome = Omit<AlignmentEntry, 'path' | 'made'>;

/**
 * Finds the face of a photograph and writes its crop.
 *
 * @param path below the folder of photographs
 * @param crop below the folder of crops
 * @throws UnreadableImageError
 */
export function makeCrop(path: string, crop: string, alignment: Alignment): Promise<Outcome> {
  return withPhotograph(join(alignment.data, path), (photograph) =>
    cropOpened(photograph, path, crop, alignment),
  );
}

async function cropOpened(
  photograph: Photograph,
  path: string,
  crop: string,
  alignment: Alignment,
): Promise<Outcome> {
  const given = alignment.landmarks?.get(path.normalize('NFC'))?.map(faceFromLandmarks);
  if (alignment.landmarks !== undefined && given === undefined)
    return { reason: 'the file of landmarks has no line for it' };
  const { faces, view } =
    given === undefined
      ? await facesOfPhotograph(photograph, (picture) => alignment.detector!.detect(picture))
      : { faces: given, view: undefined };
  const face = chooseFace(faces, photograph);
  if (face === undefined) return { reason: 'no face was found' };
  const { landmarks, score } = face;
  if (!areLandmarksOfFace(landmarks))
    return { reason: 'the landmarks are not those of a face', faces: faces.length };
  const bytes = await encodeImage(await cropFace(photograph, landmarks, view), alignment.format);
  await writeAside(alignment.out, crop, bytes);
  const rounded = landmarks.map((point) => point.map((value) => Math.round(100 * value) / 100));
  return {
    crop,
    bytes: bytes.length,
    faces: faces.length,
    score: Math.round(1000 * score) / 1000,
    landmarks: rounded,
  };
}
