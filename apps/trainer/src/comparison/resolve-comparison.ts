import { resolve } from 'node:path';
import { CfError, UnknownNameError } from '@cf/core';
import { UsageError } from '../errors.ts';
import { configDifferences } from '../run/config-differences.ts';
import type { TrainFlags } from '../settings/fields.ts';
import { resolveConfig } from '../settings/resolve-config.ts';
import { type Comparison, type Variant, withSeed } from './comparison.ts';
import type { AskedComparison } from './comparison-file.ts';

/**
 * A comparison, every setting of every variant resolved and checked.
 *
 * @throws UsageError that names the variant; as `resolveConfig`
 */
export function resolveComparison({ seeds, baseline, settings, variants }: AskedComparison): Comparison {
  if (variants.length === 0)
    throw new UsageError('no variant', 'one at least', 'name losses with --losses, or variants in --config.');
  const names = variants.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined)
    throw new UsageError(`variant ${twice} twice`, 'every variant once', 'leave one of the two out.');
  if (baseline !== undefined && !names.includes(baseline))
    throw new UnknownNameError('variant for the baseline', baseline, names);
  return {
    seeds,
    baseline: baseline ?? names[0]!,
    variants: variants.map(({ name, settings: own }) => ({
      name,
      config: configOf(name, { ...settings, ...own, seed: seeds[0]! }),
    })),
  };
}

function configOf(name: string, flags: TrainFlags): Variant['config'] {
  try {
    const config = resolveConfig(flags);
    return flags.initFrom === undefined ? config : { ...config, initFrom: resolve(flags.initFrom) };
  } catch (error) {
    if (!(error instanceof CfError)) throw error;
    throw new UsageError(`variant ${name}: ${error.given}`, error.expected, error.fix);
  }
}

/** In what each other variant is not the baseline, `epochs 15 → 20`; all of them have to be for the table to say anything. */
export function variantDifferences({
  variants,
  baseline,
}: Comparison): ReadonlyMap<string, readonly string[]> {
  const { config } = variants.find(({ name }) => name === baseline)!;
  return new Map(
    variants
      .filter(({ name }) => name !== baseline)
      .map((other) => [other.name, differences(config, other.config)]),
  );
}

/** What an asked comparison changes of one that was begun. */
export interface Edits {
  /** Of variants that both have: what is another now. */
  readonly changed: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** How a comparison as it is asked for now differs from the one in the folder. */
export function editsOf(before: Comparison, now: Comparison): Edits {
  const was = new Map(before.variants.map(({ name, config }) => [name, config]));
  const is = new Set(now.variants.map(({ name }) => name));
  const seed = now.seeds[0]!;
  const changed = now.variants.flatMap(({ name, config }) => {
    const own = was.get(name);
    const told = own === undefined ? [] : differences(withSeed(own, seed), config);
    return told.length === 0 ? [] : [`${name}: ${told.join(', ')}`];
  });
  const added = now.variants.filter(({ name }) => !was.has(name)).map(({ name }) => name);
  const addedSeeds = now.seeds.filter((one) => !before.seeds.includes(one)).map((one) => `seed ${one}`);
  const removed = [...was.keys()].filter((name) => !is.has(name));
  const removedSeeds = before.seeds.filter((one) => !now.seeds.includes(one)).map((one) => `seed ${one}`);
  return { changed, added: [...added, ...addedSeeds], removed: [...removed, ...removedSeeds] };
}

/** Epochs are part of what is compared, unlike in a run that goes on. */
export function differences(before: Variant['config'], now: Variant['config']): readonly string[] {
  const epochs = before.epochs === now.epochs ? [] : [`epochs ${before.epochs} → ${now.epochs}`];
  return [...configDifferences(before, now), ...epochs];
}
