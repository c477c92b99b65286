import { encodeModel } from '../model/codec.ts';
import { layOut } from '../model/external-data.ts';
import type { Model } from '../model/model.ts';
import { bytesInside, MOST_INSIDE, WORTH_A_PLACE } from '../model/tensor-bytes.ts';
import type { RuntimeSessionOptions } from './onnx-runtime.ts';

/** A model as `InferenceSession.create` takes it. */
export interface SessionModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** To be among the session's options: weights that the bytes have no room for. */
  readonly options: Pick<RuntimeSessionOptions, 'externalData'>;
}

/**
 * The bytes of a model for a session, and where they would be more than 2 GB, its weights as buffers beside them. One
 * tensor alone may have 2 GiB: onnxruntime takes a larger one from a file only.
 *
 * @param most bytes of weights that stay inside
 */
export function sessionModel(model: Model, most: number = MOST_INSIDE): SessionModel {
  if (bytesInside(model) <= most) return { bytes: encodeModel(model), options: {} };
  let count = 0;
  const split = layOut(model, (_, bytes) => (bytes >= WORTH_A_PLACE ? `weights/${count++}` : undefined));
  // Each tensor is a file of its own, so that nothing is copied.
  const externalData = [...split.files].map(([path, { pieces }]) => ({ path, data: pieces[0]!.bytes }));
  return { bytes: encodeModel(split.model), options: { externalData } };
}
