import type { Device } from '../engines/device.ts';
import type { FeatureConfig } from '../settings/train-config.ts';
import type { FeatureExtractor } from './feature-extractor.ts';
import { onnxBackbone } from './onnx-backbone.ts';
import { pixelFeatures } from './pixels.ts';

/** The extractor that a configuration names. */
export function openExtractor(features: FeatureConfig, device?: Device): Promise<FeatureExtractor> {
  if (features.kind === 'onnx') return onnxBackbone(features.file, features, device);
  return Promise.resolve(pixelFeatures(features.size));
}
