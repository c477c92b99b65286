import { basename } from 'node:path';
import { toTensorNCHW } from '@cf/data';
import type { Device } from '../engines/device.ts';
import { type FileSettings, type PreparedFile, prepareFile } from '../engines/onnx-file.ts';
import { type EmbeddingNetwork, openOnnxNetwork, requireBatches } from '../engines/onnx-network.ts';
import type { FeatureExtractor } from './feature-extractor.ts';

/** Pictures a call: small batches stay in the cache. */
export const NETWORK_BATCH = 8;

/**
 * A frozen ONNX backbone as feature extractor, run by onnxruntime.
 *
 * @param settings what is said of its pixels, inputs and outputs
 * @param device that was proven
 * @throws BackboneError if the file is missing or broken, does not map pictures to vectors, or nobody says how its pixels
 * are normalised; OnnxGraphError for an input or output that has to be named
 */
export async function onnxBackbone(
  file: string,
  settings: FileSettings = {},
  device?: Device,
): Promise<FeatureExtractor> {
  return (await openBackbone(file, settings, device)).extractor;
}

/** {@link onnxBackbone}, with what its file was made ready to. */
export async function openBackbone(
  file: string,
  settings: FileSettings,
  device: Device | undefined,
): Promise<PreparedFile & { readonly extractor: FeatureExtractor }> {
  const prepared = await prepareFile(file, settings);
  const { model, pixels, notes, fingerprint } = prepared;
  const network = await openOnnxNetwork(file, model, pixels, device);
  try {
    await requireBatches(file, network);
    return { ...prepared, extractor: { ...networkExtractor(file, network), notes, fingerprint } };
  } catch (error) {
    await network.dispose();
    throw error;
  }
}

/** A network as feature extractor, which disposes of it. */
export function networkExtractor(
  file: string,
  { shape, dim, run, dispose }: EmbeddingNetwork,
): FeatureExtractor {
  return {
    name: basename(file),
    // Of one that nobody keeps the features of.
    fingerprint: file,
    shape,
    dim,
    batch: NETWORK_BATCH,
    extract: (images) => run(toTensorNCHW(images), images.length),
    dispose,
  };
}
