import type { NetworkTraining } from '../settings/train-config.ts';
import type { Device } from './device.ts';
import { openOnnxEngine, type UntrainedNetwork } from './open-network.ts';

/**
 * Builds or reads the network that is to be trained, in the engine that the configuration names.
 *
 * @param device of onnxruntime, that was proven
 * @throws BackboneError, UsageError, OnnxOpsetError; BackendError where the engine can't run
 */
export async function openEngine(training: NetworkTraining, device?: Device): Promise<UntrainedNetwork> {
  if (training.engine === 'onnx') return openOnnxEngine(training, device);
  // Loaded only when chosen: its framework is large.
  const { openTfjsEngine } = await import('./tfjs/open-tfjs-engine.ts');
  return openTfjsEngine(training);
}
