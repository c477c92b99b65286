import type { NetworkTraining } from '../settings/train-config.ts';
import { openOnnxEngine, type UntrainedNetwork } from './open-network.ts';

/**
 * Builds or reads the network that is to be trained, in the engine that the configuration names.
 *
 * @throws BackboneError, UsageError, OnnxOpsetError; BackendError where the engine can't run
 */
export async function openEngine(training: NetworkTraining): Promise<UntrainedNetwork> {
  if (training.engine === 'onnx') return openOnnxEngine(training);
  // Loaded only when chosen: its framework is large.
  const { openTfjsEngine } = await import('./tfjs/open-tfjs-engine.ts');
  return openTfjsEngine(training);
}
