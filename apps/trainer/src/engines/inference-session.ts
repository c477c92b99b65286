import { type Model, sessionModel } from '@cf/onnx';
import { InferenceSession } from 'onnxruntime-node';
import type { Device } from './device.ts';
import { withQuickSlopes } from './quick-slopes.ts';

/** Severity of what the runtime prints: errors. */
const LOG_ERRORS = 3;

/** A session to embed with, each of whose runs takes one thread. @param model or the bytes of its file */
export function inferenceSession(
  model: Model | Uint8Array,
  device: Device = 'cpu',
): Promise<InferenceSession> {
  const { bytes, options } =
    model instanceof Uint8Array
      ? { bytes: model, options: {} }
      : sessionModel(device === 'cpu' ? withQuickSlopes(model) : model);
  return InferenceSession.create(bytes, {
    ...options,
    executionProviders: [device],
    intraOpNumThreads: 1,
    logSeverityLevel: LOG_ERRORS,
  });
}
