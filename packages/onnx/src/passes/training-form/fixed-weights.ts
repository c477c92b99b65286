import { metadataOf, withMetadata } from '../../model/metadata.ts';
import type { Model } from '../../model/model.ts';

/** Metadata of a file: a JSON list of initializers that training leaves as they are. */
const KEY = 'cf.fixed_weights';

/** The model, saying of these weights that training leaves them as they are. Other tools pass over it. */
export function markFixedWeights(model: Model, names: readonly string[]): Model {
  return withMetadata(model, KEY, JSON.stringify(names));
}

/** Weights that the model says to leave as they are. */
export function fixedWeights(model: Model): ReadonlySet<string> {
  try {
    const names: unknown = JSON.parse(metadataOf(model, KEY) ?? '[]');
    return new Set(Array.isArray(names) ? names.map(String) : []);
  } catch {
    return new Set();
  }
}
