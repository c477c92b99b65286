import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema } from './messages/onnx_pb.js';
import type { Model } from './model.ts';
import { withFields } from './with-fields.ts';

/** The model with a text in the metadata of its file, in place of one of the same name. Other tools pass over it. */
export function withMetadata(model: Model, key: string, value: string): Model {
  const others = model.metadataProps.filter((entry) => entry.key !== key);
  const entry = create(StringStringEntryProtoSchema, { key, value });
  return withFields(model, { metadataProps: [...others, entry] });
}

/** A text of a file's metadata; undefined where there is none of the name. */
export function metadataOf(model: Model, key: string): string | undefined {
  return model.metadataProps.find((entry) => entry.key === key)?.value;
}
