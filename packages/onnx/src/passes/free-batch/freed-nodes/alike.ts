import { sizeOf } from '../../../model/dims.ts';
import type { Node } from '../../../model/model.ts';
import type { ValueTable } from '../../../shapes/value-table.ts';
import { type BatchAxis, ELEMENT_BY_ELEMENT } from '../batch-axis.ts';

/** What is known of values that do not depend on the data. */
export interface Independent {
  readonly values: ValueTable;
  readonly producer: (name: string) => Node | undefined;
  /** The batch of the file. */
  readonly k: number;
}

/** Whether a value that does not depend on the data is the same for each sample of a batch that lies so. */
export function isAlike(known: Independent, name: string, batch: BatchAxis): boolean {
  const { values, k } = known;
  if (k === 1) return true;
  const shape = values.shape(name);
  const tensor = values.constant(name);
  const numbers = tensor === undefined ? values.elements(name) : Array.from(tensor.data as Float32Array);
  if (shape?.every((dim) => typeof dim === 'number') && numbers !== undefined)
    return repeatsItself(numbers, shape, batch, k);
  const node = known.producer(name);
  if (node === undefined || shape === undefined) return false;
  if (node.opType === 'ConstantOfShape') return true;
  const isSpread = node.opType === 'Expand';
  if (!isSpread && !ELEMENT_BY_ELEMENT.has(node.opType)) return false;
  return (isSpread ? node.input.slice(0, 1) : node.input).every((input) => {
    const own = values.shape(input);
    if (input === '') return true;
    if (own === undefined) return false;
    const axis = batch.axis - (shape.length - own.length);
    return axis < 0 || own[axis] === 1 || isAlike(known, input, { ...batch, axis });
  });
}

function repeatsItself(
  numbers: readonly unknown[],
  dims: readonly number[],
  { axis, factor }: BatchAxis,
  k: number,
): boolean {
  const row = factor * sizeOf(dims.slice(axis + 1));
  return numbers.every((x, i) => x !== undefined && x === numbers[i - row * (Math.floor(i / row) % k)]);
}
