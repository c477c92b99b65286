import type { NetworkTraining } from '../settings/train-config.ts';
import type { Device } from './device.ts';
import { requireTfjs } from './open-framework.ts';
import { openOnnxEngine, type UntrainedNetwork } from './open-network.ts';

/**
 * Builds or reads the network that is to be trained, in the engine that the configuration names; on TensorFlow.js on the
 * backend that the head was opened on.
 *
 * @param device of onnxruntime, that was proven
 * @throws BackboneError, UsageError, OnnxOpsetError; MissingPackageError; BackendError where the engine can't run
 */
export async function openEngine(training: NetworkTraining, device?: Device): Promise<UntrainedNetwork> {
  if (training.engine === 'onnx') return openOnnxEngine(training, device);
  requireTfjs(undefined, '--engine tfjs');
  // Loaded only when chosen: its framework is large, and optional.
  const { openTfjsEngine } = await import('./tfjs/open-tfjs-engine.ts');
  return openTfjsEngine(training);
}
