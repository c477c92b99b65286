import type { Shape } from '../model/model.ts';

/** What a shape is inferred from. */
export interface KnownValues {
  shape(name: string): Shape | undefined;
  integers(name: string): readonly number[] | undefined;
}
