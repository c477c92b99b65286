import type { GraphBuilder } from '../../../builder/graph-builder.ts';
import type { Attributes } from '../../../model/attributes.ts';

/** Adds a weight, which is an input of the network; gives its name. */
export type AddWeight = (name: string, dims: readonly number[]) => string;

/** A normalisation by the statistics of the batch. */
export function normalised(
  builder: GraphBuilder,
  name: string,
  y: string,
  weight: AddWeight,
  c: number,
): string {
  return builder.op(
    'BatchNormalization',
    [
      y,
      weight(`${name}.scale`, [c]),
      weight(`${name}.shift`, [c]),
      constant(builder, c, 0),
      constant(builder, c, 1),
    ],
    { training_mode: { int: 1 } },
    { outputs: [`${name}.y`, `${name}.mean`, `${name}.var`] },
  );
}

/** The same number a channel. */
export function constant(builder: GraphBuilder, c: number, value: number): string {
  return builder.constant({ type: 'float32', dims: [c], data: new Float32Array(c).fill(value) });
}

/** One zero all around, of two axes. */
export const PADDED: Attributes = { pads: { ints: [1, 1, 1, 1] } };
