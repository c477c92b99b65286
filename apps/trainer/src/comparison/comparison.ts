import { join } from 'node:path';
import type { TrainConfig } from '../settings/train-config.ts';

/** One of the trainings that are compared, whatever the seed. */
export interface Variant {
  readonly name: string;
  /** With the first seed. */
  readonly config: TrainConfig;
}

/** Trainings that differ in what their variants say, and in nothing else. */
export interface Comparison {
  readonly seeds: readonly number[];
  /** The variant that the others are tested against. */
  readonly baseline: string;
  readonly variants: readonly Variant[];
}

/** One training of a comparison: a run folder of its own. */
export interface Cell {
  readonly variant: string;
  readonly seed: number;
  readonly config: TrainConfig;
  /** Such as `arcface/seed-0`. */
  readonly name: string;
  readonly folder: string;
}

/** Every training of a comparison, seed by seed: after the first seed there is a whole table. */
export function cellsOf({ seeds, variants }: Comparison, out: string): readonly Cell[] {
  return seeds.flatMap((seed) =>
    variants.map(({ name: variant, config }) => {
      const name = `${variant}/seed-${seed}`;
      return {
        variant,
        seed,
        config: withSeed(config, seed),
        name,
        folder: join(out, variant, `seed-${seed}`),
      };
    }),
  );
}

/** The same training with another seed: of its pictures, where they are drawn, their order, and all first weights. */
export function withSeed(config: TrainConfig, seed: number): TrainConfig {
  const { data } = config;
  return { ...config, seed, data: data.kind === 'synthetic' ? { ...data, seed } : data };
}
