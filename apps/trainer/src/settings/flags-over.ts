import { UsageError } from '../errors.ts';
import { checkConfig } from './check-config.ts';
import * as fields from './fields.ts';
import { lossFromFlags } from './loss-flags.ts';
import { fieldsFrom, NETWORKS } from './resolve-config.ts';
import { longFlag, propertyOf, type Section } from './setting.ts';
import { situationOf } from './situation.ts';
import type { TrainConfig } from './train-config.ts';

/**
 * A configuration with flags over it: each goes where the file has its value.
 *
 * @throws UsageError for a flag that the training of the file does not know, or that would make it another one; as
 * {@link checkConfig}
 */
export function withFlagsOver(config: TrainConfig, flags: fields.TrainFlags): TrainConfig {
  const left = new Set(
    fields
      .everySetting()
      .filter((one) => !OF_THE_CALL.has(propertyOf(one)) && given(flags, propertyOf(one)) !== undefined)
      .map(longFlag),
  );
  const over = (section: Section): object =>
    Object.fromEntries(
      Object.entries(section).flatMap(([name, one]) => {
        const value = given(flags, propertyOf(one));
        left.delete(longFlag(one));
        return value === undefined ? [] : [[name, one.aliases?.[String(value)] ?? value]];
      }),
    );
  if (flags.train === config.train) left.delete('--train');
  const changed = {
    ...config,
    ...over(fields.optimisation),
    ...over(fields.keeping),
    ...over(fields.start),
    data: dataWith(config, flags, over),
    loss: lossWith(config, flags, over),
    evaluation: { ...config.evaluation, ...over(fields.evaluation) },
    ...(config.train === 'all'
      ? {
          ...over(fields.network),
          network: networkWith(config, flags, over),
          augmentation: { ...config.augmentation, ...over(fields.augmentation) },
        }
      : {
          ...over(fields.embedding),
          features: {
            ...config.features,
            ...over(config.features.kind === 'pixels' ? fields.pixels : fields.onnxInput),
          },
        }),
  };
  if (flags.backbone !== undefined && config.train === 'all') left.delete('--backbone');
  const [unknown] = left;
  if (unknown === undefined) return checkConfig(changed, 'flags');
  throw new UsageError(
    `--config with ${unknown}`,
    'a flag of the training that the file describes',
    'change the file, or give all of the training as flags.',
  );
}

/** Flags that are no part of a configuration. */
const OF_THE_CALL: ReadonlySet<string> = new Set(Object.values<Section[string]>(fields.run).map(propertyOf));

type Over = (section: Section) => object;

function given(flags: fields.TrainFlags, name: string): unknown {
  return (flags as Readonly<Record<string, unknown>>)[name];
}

/** Pictures of a folder may take the place of drawn ones. */
function dataWith({ data }: TrainConfig, flags: fields.TrainFlags, over: Over): object {
  if (data.kind === 'synthetic' && flags.data === undefined) return { ...data, ...over(fields.synthetic) };
  return data.kind === 'synthetic'
    ? { kind: 'folder', ...over(fields.folder) }
    : { ...data, ...over(fields.folder) };
}

/** Another network may take the place of the one of the file. */
function networkWith(
  { network, data }: Extract<TrainConfig, { train: 'all' }>,
  flags: fields.TrainFlags,
  over: Over,
): object {
  if (flags.backbone === undefined) return { ...network, ...over(NETWORKS[network.kind]!) };
  const drawn = data.kind === 'synthetic' ? {} : { data: data.root };
  const situation = situationOf({ ...drawn, ...flags, train: 'all' });
  const section = NETWORKS[situation.source.kind]!;
  return { ...situation.source, ...fieldsFrom(section, flags, situation), ...over(section) };
}

/** Options of the loss stay where it stays; another loss takes its own, and the scale. */
function lossWith({ loss }: TrainConfig, flags: fields.TrainFlags, over: Over): TrainConfig['loss'] {
  const ofLoss = over(fields.loss);
  if (Object.keys(ofLoss).length === 0) return loss;
  const { base, ...own } = loss.params as { base?: { loss: string; params: Record<string, unknown> } };
  const inner = base ?? { loss: loss.name, params: loss.params };
  const { weighting, weightingOption, ...rest } = flags;
  const name = flags.loss ?? inner.loss;
  const isSame = name === inner.loss;
  const { params } = lossFromFlags({ ...rest, loss: name }, isSame ? {} : undefined);
  const next = { loss: name, params: isSame ? { ...inner.params, ...params } : params };
  const around =
    weighting === undefined
      ? { name: base === undefined ? undefined : loss.name, options: own }
      : { name: weighting, options: weightingOptions(name, weighting, weightingOption) };
  if (around.name === undefined) return { name, params: next.params };
  return { name: around.name, params: { ...around.options, base: next } };
}

function weightingOptions(loss: string, weighting: string, options: string[] | undefined): object {
  const flags = { loss, weighting, ...(options === undefined ? {} : { weightingOption: options }) };
  const { base: _base, ...own } = lossFromFlags(flags, {}).params as { base?: unknown };
  return own;
}
