import { type DetectedFace, type FaceDetector, flipHorizontally, type RawImage } from '@cf/data';
import { alignedFaces, decodeImage, resizeImage } from '@cf/data/node';
import { sumWithMirror } from '@cf/eval';
import { openFaceDetector } from '../dataset/face-detector.ts';
import type { EmbeddingModel } from './open-model.ts';

/** A picture, or a face of it, with its embedding. */
export interface Probe {
  readonly picture: string;
  /** Where the face is, in a photograph; undefined for a picture that is an aligned crop already. */
  readonly box?: DetectedFace['box'];
  /** Which of how many faces, from 1. */
  readonly face?: readonly [number: number, of: number];
  /** `[d]`. */
  readonly embedding: Float32Array;
}

/** What a probe is called. */
export function probeName({ picture, face, box }: Probe): string {
  if (face === undefined || box === undefined) return picture;
  const [left, top, width, height] = [box.left, box.top, box.width, box.height].map(Math.round);
  return `${picture}, face ${face[0]} of ${face[1]}: ${width}×${height} at ${left}, ${top}`;
}

/** How probes are made. */
export interface ProbeSettings {
  readonly flip: boolean;
  /** Photographs: their faces are found first. */
  readonly align: boolean;
}

/** Makes probes of pictures. */
export interface ProbeMaker {
  /**
   * The picture as it is; of a photograph each face, the largest and most central one first, and none where no face is
   * found.
   *
   * @throws UnreadableImageError
   */
  probesOf(picture: string): Promise<readonly Probe[]>;
  close(): Promise<void>;
}

/** @throws MissingPackageError where photographs are to be aligned and the packages for it are missing */
export async function openProbeMaker(
  model: EmbeddingModel,
  { flip, align }: ProbeSettings,
): Promise<ProbeMaker> {
  const { shape, network } = model;
  const { channels, height, width } = shape;
  const detector: FaceDetector | undefined = align
    ? await openFaceDetector('--align', { threads: 1 })
    : undefined;
  const embedding = async (image: RawImage): Promise<Float32Array> => {
    const plain = await network([image]);
    return flip ? sumWithMirror(plain, await network([flipHorizontally(image)])) : plain;
  };
  return {
    async probesOf(picture) {
      if (detector === undefined)
        return [
          { picture, embedding: await embedding(await decodeImage(picture, { channels, height, width })) },
        ];
      const faces = await alignedFaces(picture, detector);
      const probes: Probe[] = [];
      for (const [at, { box, crop }] of faces.entries()) {
        const sized = await resizeImage(crop, shape.width, shape.height);
        const image = shape.channels === 3 ? sized : toGrey(sized);
        probes.push({ picture, box, face: [at + 1, faces.length], embedding: await embedding(image) });
      }
      return probes;
    },
    async close() {
      await detector?.close();
    },
  };
}

/** Rec. 601 luma. */
function toGrey({ width, height, data }: RawImage): RawImage {
  const grey = Uint8Array.from({ length: width * height }, (_, p) =>
    Math.round(0.299 * data[3 * p]! + 0.587 * data[3 * p + 1]! + 0.114 * data[3 * p + 2]!),
  );
  return { width, height, channels: 1, data: grey };
}
