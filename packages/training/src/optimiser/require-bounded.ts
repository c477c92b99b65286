import { DivergedError } from '../errors.ts';

/** Larger class centers are of no use, and float32 can't hold their squared norms. */
const LARGEST_PARAMETER = 1e9;

/** @throws DivergedError at the first number that is too large, or none */
export function requireBounded(
  name: string,
  values: ArrayLike<number>,
  { from = 0, step, learningRate }: { from?: number; step: number; learningRate: number },
): void {
  for (let i = 0; i < values.length; i++) {
    if (Math.abs(values[i]!) <= LARGEST_PARAMETER) continue;
    throw new DivergedError(step, learningRate, `${name}[${from + i}] = ${values[i]}`);
  }
}
