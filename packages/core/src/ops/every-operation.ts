import { numberOps } from '../readings/number.ts';
import type { TensorOps } from './tensor-ops.ts';

/** Name of an operation of {@link TensorOps} on other operations' results. */
export type OperationName = Exclude<keyof TensorOps<unknown, unknown>, 'constant' | 'named' | 'detach'>;

/** A reading in which every operation is made by its name alone, of numbers and truth values alike. */
export function everyOperation<T>(
  read: (name: OperationName) => (...operands: T[]) => T,
): Omit<TensorOps<T, T>, 'constant'> {
  const { constant: _, ...operations } = numberOps;
  const names = Object.keys(operations) as OperationName[];
  return Object.fromEntries(names.map((name) => [name, read(name)])) as unknown as Record<
    OperationName,
    (...operands: T[]) => T
  >;
}
