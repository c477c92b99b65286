import { requireInteger } from '@cf/core';
import type { FeatureExtractor } from './feature-extractor.ts';

/**
 * Small grey pixels as features.
 *
 * @param size side in pixels, 8 to 64.
 */
export function pixelFeatures(size: number): FeatureExtractor {
  requireInteger('pixels', size, 8, 64);
  const dim = size * size;
  return {
    name: `pixels ${size}×${size}`,
    fingerprint: `pixels ${size}`,
    shape: { width: size, height: size, channels: 1 },
    dim,
    batch: 64,
    async extract(images) {
      const out = new Float32Array(images.length * dim);
      for (const [i, { data }] of images.entries()) {
        for (let k = 0; k < dim; k++) out[i * dim + k] = data[k]! / 255;
      }
      return out;
    },
    dispose: async () => {},
  };
}
