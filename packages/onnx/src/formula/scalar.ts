import type { GraphBuilder } from '../builder/graph-builder.ts';

/** A scalar in float32, under a fresh name. */
export function scalar(builder: GraphBuilder, value: number, hint?: string): string {
  return builder.constant({ type: 'float32', dims: [], data: Float32Array.of(value) }, hint);
}
