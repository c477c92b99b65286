import { LabelOutOfRangeError } from '../errors/errors.ts';

/**
 * The labels as integers, whatever array they come in: of integers in any number type, of bigint too. Names are an error.
 *
 * @param labels [B], in [least, classes). @param dim of the class centers, for the message. @param least default 0
 * @throws LabelOutOfRangeError
 */
export function checkLabels(
  labels: ArrayLike<number | bigint>,
  classes: number,
  dim: number,
  least = 0,
): Int32Array {
  const out = new Int32Array(labels.length);
  for (let i = 0; i < out.length; i++) {
    const given: unknown = labels[i];
    const label = typeof given === 'bigint' ? Number(given) : given;
    if (!(isInteger(label) && label >= least && label < classes)) {
      throw new LabelOutOfRangeError(i, given, classes, dim);
    }
    out[i] = label;
  }
  return out;
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}
