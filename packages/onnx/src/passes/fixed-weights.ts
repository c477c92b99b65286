import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema } from 'onnx-buf';
import type { Model } from '../model/model.ts';
import { withFields } from '../model/with-fields.ts';

/** Metadata of a file: a JSON list of initializers that training leaves as they are. */
const KEY = 'cf.fixed_weights';

/** The model, saying of these weights that training leaves them as they are. Other tools pass over it. */
export function markFixedWeights(model: Model, names: readonly string[]): Model {
  const others = model.metadataProps.filter(({ key }) => key !== KEY);
  const entry = create(StringStringEntryProtoSchema, { key: KEY, value: JSON.stringify(names) });
  return withFields(model, { metadataProps: [...others, entry] });
}

/** Weights that the model says to leave as they are. */
export function fixedWeights(model: Model): ReadonlySet<string> {
  const value = model.metadataProps.find(({ key }) => key === KEY)?.value;
  try {
    const names: unknown = JSON.parse(value ?? '[]');
    return new Set(Array.isArray(names) ? names.map(String) : []);
  } catch {
    return new Set();
  }
}
