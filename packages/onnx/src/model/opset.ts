import { OnnxOpsetError } from '../errors.ts';
import { isStandardDomain, type Model } from './model.ts';

/** The opset of models built here. */
export const DEFAULT_OPSET = 17;
/** The oldest opset whose models are brought to `DEFAULT_OPSET`. */
export const OLDEST_OPSET = 7;
/** The newest opset read; later versions may change what an operator means. */
export const NEWEST_OPSET = 25;

/**
 * Version of the standard operators that a model uses.
 *
 * @throws OnnxOpsetError if it names none, or one outside 1 … `NEWEST_OPSET`
 */
export function opsetOf(model: Model): number {
  const entry = model.opsetImport.find(({ domain }) => isStandardDomain(domain));
  const opset = entry === undefined ? undefined : Number(entry.version);
  if (opset !== undefined && opset >= 1 && opset <= NEWEST_OPSET) return opset;
  throw new OnnxOpsetError(
    opset,
    `a standard opset of 1 to ${NEWEST_OPSET}`,
    `export the model with opset ${DEFAULT_OPSET}.`,
  );
}
