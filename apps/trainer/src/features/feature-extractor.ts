import type { RawImage } from '@cf/data';
import type { ImageShape } from '../dataset/image-source.ts';

/** Turns pictures into feature vectors; nothing in it is trained. */
export interface FeatureExtractor {
  /** Such as `pixels 32×32` or `mobilefacenet.onnx`. */
  readonly name: string;
  /** Changes with what a picture's features depend on: weights, preparation, pixels. */
  readonly fingerprint: string;
  /** What was done to its file: a sentence each. */
  readonly notes?: readonly string[];
  readonly shape: ImageShape;
  /** Length of a feature vector. */
  readonly dim: number;
  /** Pictures a call. */
  readonly batch: number;
  /** [N, dim]. */
  extract(images: readonly RawImage[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}
