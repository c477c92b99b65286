import { ARG, type Layout, type PoolingLayouts, type PrimitiveDescription } from '../api.ts';
import type { Layer } from '../layer.ts';
import type { Value } from '../storage.ts';

/** What is pooled, and how. */
export interface Pooling extends Omit<PoolingLayouts, 'source' | 'destination'> {
  /** Of the result. */
  readonly dims: readonly number[];
}

/** Windows that lie side by side: no padding, nothing skipped. @param strides the windows' own size by default */
export function plainWindow(
  kernel: readonly number[],
  strides: readonly number[] = kernel,
): Omit<Pooling, 'kind' | 'dims'> {
  const none = kernel.map(() => 0);
  return { kernel, strides, dilations: none, padding: [none, none] };
}

/** Pools x, in the layout that the pooling likes best. */
export function runPooling(
  { api, program }: Pick<Layer, 'api' | 'program'>,
  x: Value,
  { dims, ...how }: Pooling,
): {
  readonly forward: PrimitiveDescription;
  readonly destination: Layout;
  readonly y: Value;
  /** Where the largest elements were found; of a maximum alone. */
  readonly workspace: Value | undefined;
} {
  const forward = api.pooling({ ...how, source: x.layout, destination: api.any(dims) });
  const destination = api.layoutOf(forward, ARG.destination)!;
  const y = program.value(destination, dims);
  const positions = api.layoutOf(forward, ARG.workspace);
  const workspace = positions && program.value(positions, []);
  program.run(forward, [
    [ARG.source, x],
    [ARG.destination, y],
    [ARG.workspace, workspace],
  ]);
  return { forward, destination, y, workspace };
}
