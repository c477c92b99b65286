import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { openBackend } from '../engines/open-backend.ts';
import type { RunFolder } from '../run/run-folder.ts';
import { readConfig } from '../settings/check-config.ts';
import type { FeatureExtractor } from './feature-extractor.ts';
import { networkExtractor } from './onnx-backbone.ts';

/**
 * The layers model of a finished training as feature extractor, on the backend of TensorFlow.js that it was trained on.
 *
 * @throws BackboneError if its files are missing or broken; MissingPackageError; BackendError where the backend does not run here
 */
export async function layersBackbone(run: RunFolder): Promise<FeatureExtractor> {
  const { head } = await readConfig(run.file('config'));
  const backend = await openBackend(head, { askedBy: `'${run.path}', trained with --head ${head},` });
  try {
    // Loaded only when needed: its framework is large.
    const { openLayersNetwork } = await import('../engines/tfjs/open-tfjs-engine.ts');
    const network = await openLayersNetwork(run.file('layers'));
    const dispose = async (): Promise<void> => {
      await network.dispose();
      await backend.dispose();
    };
    const hash = createHash('sha256');
    for (const name of ['layers', 'layersWeights'] as const) hash.update(await readFile(run.file(name)));
    const extractor = networkExtractor(run.file('layers'), { ...network, dispose });
    return { ...extractor, fingerprint: hash.digest('hex') };
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}
