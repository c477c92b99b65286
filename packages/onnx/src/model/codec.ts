import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { reasonOf } from '@cf/core';
import { OnnxFileError } from '../errors.ts';
import { ModelProtoSchema } from './messages/onnx_pb.js';
import type { Model } from './model.ts';
import { opsetOf } from './opset.ts';
import { bytesInside, LARGEST_FILE } from './tensor-bytes.ts';

/**
 * The file's bytes of a model. Fields that were unknown when it was read are written back.
 *
 * @throws OnnxFileError for a model of more than 2 GB, before memory is taken: it needs side files
 */
export function encodeModel(model: Model): Uint8Array<ArrayBuffer> {
  const weights = bytesInside(model);
  if (weights > LARGEST_FILE) throw tooLarge(weights);
  const bytes = toBinary(ModelProtoSchema, model);
  if (bytes.length > LARGEST_FILE) throw tooLarge(bytes.length);
  return bytes;
}

function tooLarge(bytes: number): OnnxFileError {
  return new OnnxFileError(
    `a model of ${bytes} bytes`,
    `at most ${LARGEST_FILE} in one file`,
    'put weights beside it: writeModelFile of @cf/onnx/node does, or splitExternalData.',
  );
}

/**
 * Reads the bytes of an ONNX file. Only the envelope is checked: operators without meaning to this package are
 * kept as they are. Weights are views of `bytes`, not copies.
 *
 * @throws OnnxFileError if the bytes are not a model
 * @throws OnnxOpsetError if its standard opset is missing or unknown
 */
export function decodeModel(bytes: Uint8Array): Model {
  const model = parse(bytes);
  if (model.irVersion < 1n || model.graph === undefined) {
    throw notAModel(bytes, model.graph === undefined ? 'no graph inside' : 'no IR version inside');
  }
  opsetOf(model);
  return model;
}

function parse(bytes: Uint8Array): Model {
  try {
    // A plain view: a Buffer's slices would share memory with all of the file.
    return fromBinary(ModelProtoSchema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (cause) {
    throw notAModel(bytes, reasonOf(cause), cause);
  }
}

function notAModel(bytes: Uint8Array, reason: string, cause?: unknown): OnnxFileError {
  return new OnnxFileError(
    `${bytes.length} bytes (${reason})`,
    'an ONNX model',
    'check that the file is complete and is ONNX.',
    cause,
  );
}
