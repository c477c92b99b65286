import type { FaceDetector } from '@cf/data';
import { type HumanDetectorOptions, humanDetector } from '@cf/data/node';
import { type OptionalPackage, requirePackages } from '../optional/optional-packages.ts';

const PACKAGES: readonly OptionalPackage[] = [
  '@vladmandic/human',
  '@tensorflow/tfjs',
  '@tensorflow/tfjs-backend-wasm',
];

/**
 * What finds the faces of photographs.
 *
 * @param askedBy what needs it, as a user wrote it
 * @throws MissingPackageError
 */
export function openFaceDetector(askedBy: string, options?: HumanDetectorOptions): Promise<FaceDetector> {
  requirePackages(askedBy, PACKAGES);
  return humanDetector(options);
}
