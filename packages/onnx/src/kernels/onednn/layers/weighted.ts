import { ARG, type PrimitiveDescription } from '../api.ts';
import type { Layer } from '../layer.ts';
import type { Value } from '../storage.ts';

/** What a layer of weights reads. */
export interface WeightedInputs {
  readonly x: Value;
  readonly weights: Value;
  readonly bias: Value | undefined;
}

/**
 * Runs a convolution or a product in the layouts that it chose.
 *
 * @returns x as it was read, and what came out
 */
export function runWeighted(
  { api, program, outputDims }: Layer,
  forward: PrimitiveDescription,
  { x, weights, bias }: WeightedInputs,
): { readonly read: Value; readonly y: Value } {
  const read = program.as(x, api.layoutOf(forward, ARG.source)!);
  const y = program.value(api.layoutOf(forward, ARG.destination)!, outputDims);
  program.run(forward, [
    [ARG.source, read],
    [ARG.weights, program.as(weights, api.layoutOf(forward, ARG.weights)!)],
    [ARG.bias, bias],
    [ARG.destination, y],
  ]);
  return { read, y };
}
