import { basename } from 'node:path';
import { toTensorNCHW } from '@cf/data';
import { type EmbeddingNetwork, openOnnxFile } from '../engines/onnx-network.ts';
import type { FeatureExtractor } from './feature-extractor.ts';

/** Small batches stay in the cache; several of them run at a time, each on one thread. */
const BATCH = 8;

/**
 * A frozen ONNX backbone as feature extractor, run by onnxruntime. It takes RGB 0 … 255, [N, 3, H, W]; any
 * normalisation of the pixels is part of the graph.
 *
 * @throws BackboneError if the file is missing or broken, or does not map pictures to vectors
 */
export async function onnxBackbone(file: string): Promise<FeatureExtractor> {
  return networkExtractor(file, await openOnnxFile(file));
}

/** A network as feature extractor, which disposes of it. */
export function networkExtractor(
  file: string,
  { shape, dim, run, dispose }: EmbeddingNetwork,
): FeatureExtractor {
  return {
    name: basename(file),
    shape,
    dim,
    batch: BATCH,
    extract: (images) => run(toTensorNCHW(images), images.length),
    dispose,
  };
}
