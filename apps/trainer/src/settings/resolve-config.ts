import { checkConfig } from './check-config.ts';
import {
  AUGMENTATION,
  DEFAULT_LOSS,
  DRAWN_IDENTITIES,
  EVALUATION,
  FEATURES,
  FOLDER,
  LOSS,
  NETWORKS,
  OF_EMBEDDING,
  OF_NETWORK,
  OPTIMISATION,
} from './fields.ts';
import { lossFromFlags } from './loss-flags.ts';
import { defaultOf, longFlag, propertyOf, type Section, type Setting } from './setting.ts';
import { type Situation, situationOf } from './situation.ts';
import type { TrainConfig } from './train-config.ts';
import { everySetting, type TrainFlags } from './train-flags.ts';

/**
 * A configuration from flags, checked. No flag is passed over in silence: one that has no meaning in the training that
 * the others ask for is an error.
 *
 * @throws UsageError, OptionOutOfRangeError, UnknownNameError
 */
export function resolveConfig(flags: TrainFlags): TrainConfig {
  const situation = situationOf(flags);
  refuseMisplaced(flags, situation);
  const { part, source } = situation;
  const fill = (section: Section): object => fieldsFrom(section, flags, situation);
  const config = {
    train: part,
    data:
      flags.data === undefined
        ? { kind: 'synthetic', ...fill(DRAWN_IDENTITIES) }
        : { kind: 'folder', ...fill(FOLDER) },
    loss: lossFromFlags(
      { ...flags, loss: flags.loss ?? DEFAULT_LOSS },
      { scale: defaultOf(LOSS.scale, situation), margin: defaultOf(LOSS.margin, situation) },
    ),
    ...fill(OPTIMISATION),
    evaluation: fill(EVALUATION),
    ...(part === 'all'
      ? {
          ...fill(OF_NETWORK),
          network: { ...source, ...fill(NETWORKS[source.kind as keyof typeof NETWORKS]) },
          augmentation: fill(AUGMENTATION),
        }
      : {
          features: { ...source, ...fill(FEATURES[source.kind as keyof typeof FEATURES]) },
          ...fill(OF_EMBEDDING),
        }),
  };
  return checkConfig(config, 'flags');
}

function refuseMisplaced(flags: TrainFlags, situation: Situation): void {
  for (const one of everySetting()) {
    if (givenOf(one, flags) === undefined) continue;
    const clash = one.for?.clash(longFlag(one), situation);
    if (clash !== undefined) throw clash;
  }
}

function givenOf(one: Setting, flags: TrainFlags): unknown {
  return (flags as Readonly<Record<string, unknown>>)[propertyOf(one)];
}

function fieldsFrom(section: Section, flags: TrainFlags, situation: Situation): object {
  const fields = Object.entries(section).map(([name, one]) => {
    const given = givenOf(one, flags) ?? defaultOf(one, situation);
    return [name, one.aliases?.[String(given)] ?? given];
  });
  return Object.fromEntries(fields);
}
