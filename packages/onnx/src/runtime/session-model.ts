import { encodeModel } from '../model/codec.ts';
import { layOut } from '../model/external-data.ts';
import type { Model } from '../model/model.ts';
import { bytesInside, LARGEST_FILE } from '../model/tensor-bytes.ts';
import type { RuntimeSessionOptions } from './onnx-runtime.ts';

/** A model as `InferenceSession.create` takes it. */
export interface SessionModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** To be among the session's options: weights that the bytes have no room for. */
  readonly options: Pick<RuntimeSessionOptions, 'externalData'>;
}

/** Above this, weights stand beside the graph: room for what is no weight is left below 2 GB. */
const MOST = LARGEST_FILE - 2 ** 26;
/** What is smaller is handed over inside. */
const THRESHOLD = 1024;

/**
 * The bytes of a model for a session, and where they would be more than 2 GB, its weights as buffers beside them. One
 * tensor alone may have 2 GiB: onnxruntime takes a larger one from a file only.
 *
 * @param most bytes of weights that stay inside
 */
export function sessionModel(model: Model, most: number = MOST): SessionModel {
  if (bytesInside(model) <= most) return { bytes: encodeModel(model), options: {} };
  let count = 0;
  const split = layOut(model, (_, bytes) => (bytes >= THRESHOLD ? `weights/${count++}` : undefined));
  // Each tensor is a file of its own, so that nothing is copied.
  const externalData = [...split.files].map(([path, { pieces }]) => ({ path, data: pieces[0]!.bytes }));
  return { bytes: encodeModel(split.model), options: { externalData } };
}
