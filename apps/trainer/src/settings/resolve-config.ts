import { checkConfig } from './check-config.ts';
import * as fields from './fields.ts';
import { lossFromFlags } from './loss-flags.ts';
import { longFlag, propertyOf, type Section, type Setting } from './setting.ts';
import { type Situation, situationOf } from './situation.ts';
import type { TrainConfig } from './train-config.ts';

/**
 * A configuration from flags, checked. No flag is passed over in silence: one that has no meaning in the training that
 * the others ask for is an error.
 *
 * @throws UsageError, OptionOutOfRangeError, UnknownNameError
 */
export function resolveConfig(flags: fields.TrainFlags): TrainConfig {
  const situation = situationOf(flags);
  refuseMisplaced(flags, situation);
  const { part, source } = situation;
  const fill = (section: Section = {}): object => fieldsFrom(section, flags, situation);
  const { scale, margin } = fields.loss;
  const network = { ...source, ...fill(NETWORKS[source.kind]) };
  const config = {
    train: part,
    data:
      flags.data === undefined
        ? { kind: 'synthetic', ...fill(fields.synthetic) }
        : { kind: 'folder', ...fill(fields.folder) },
    loss: lossFromFlags(
      { ...flags, loss: flags.loss ?? fields.DEFAULT_LOSS },
      { scale: scale.default?.(situation), margin: margin.default?.(situation) },
    ),
    ...fill(fields.optimisation),
    ...fill(fields.keeping),
    ...fill(fields.start),
    evaluation: fill(fields.evaluation),
    ...(part === 'all'
      ? { ...fill(fields.network), network, augmentation: fill(fields.augmentation) }
      : {
          features: { ...source, ...fill(source.kind === 'pixels' ? fields.pixels : fields.onnxInput) },
          ...fill(fields.embedding),
        }),
  };
  return checkConfig(config, 'flags');
}

/** By the kind of network. */
export const NETWORKS: Readonly<Record<string, Section>> = {
  'built-in': fields.builtIn,
  onnx: fields.onnx,
  layers: fields.layers,
};

function refuseMisplaced(flags: fields.TrainFlags, situation: Situation): void {
  for (const one of fields.everySetting()) {
    const clash = givenOf(one, flags) === undefined ? undefined : one.for?.clash(longFlag(one), situation);
    if (clash !== undefined) throw clash;
  }
}

function givenOf(one: Setting, flags: fields.TrainFlags): unknown {
  return (flags as Readonly<Record<string, unknown>>)[propertyOf(one)];
}

/** The values of a section: as given, or the default in a situation. */
export function fieldsFrom(section: Section, flags: fields.TrainFlags, situation: Situation): object {
  const entries = Object.entries(section).map(([name, one]) => {
    const given = givenOf(one, flags) ?? one.default?.(situation);
    return [name, one.aliases?.[String(given)] ?? given];
  });
  return Object.fromEntries(entries);
}
