import { BACKBONE_NAMES } from '@cf/backbones';
import { z } from 'zod';
import * as fields from './fields.ts';
import { fieldsOf } from './setting.ts';

const text = z.string().min(1);

/** What pictures are turned into before training. */
export const FEATURE_SCHEMA = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('pixels'), ...fieldsOf(fields.pixels) }),
  z.strictObject({ kind: z.literal('onnx'), file: text, ...fieldsOf(fields.onnxInput) }),
]);

const common = {
  $schema: z.string().optional().describe('where an editor finds the schema of this file'),
  data: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('folder'), ...fieldsOf(fields.folder) }),
    z.strictObject({ kind: z.literal('synthetic'), ...fieldsOf(fields.synthetic) }),
  ]),
  loss: z.strictObject({ name: text, params: z.record(z.string(), z.unknown()) }),
  initFrom: text.optional().describe('the run that weights and class centers come from, by name'),
  ...fieldsOf(fields.optimisation),
  ...fieldsOf(fields.keeping),
  ...fieldsOf(fields.start),
  evaluation: z.strictObject(fieldsOf(fields.evaluation)),
};

const embeddingTraining = z.strictObject({
  train: z.literal('embedding'),
  ...common,
  features: FEATURE_SCHEMA,
  ...fieldsOf(fields.embedding),
});

const networkTraining = z.strictObject({
  train: z.literal('all'),
  ...common,
  ...fieldsOf(fields.network),
  network: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('built-in'),
      name: z.enum(BACKBONE_NAMES),
      ...fieldsOf(fields.builtIn),
    }),
    z.strictObject({ kind: z.literal('onnx'), file: text, ...fieldsOf(fields.onnx) }),
    z.strictObject({ kind: z.literal('layers'), file: text, ...fieldsOf(fields.layers) }),
  ]),
  augmentation: z.strictObject(fieldsOf(fields.augmentation)),
});

/** Every config.json that is one, but for what takes more than one field to say. */
export const CONFIG_SCHEMA = z.discriminatedUnion('train', [networkTraining, embeddingTraining]);

type Fixed<Value> = Value extends object ? { readonly [Name in keyof Value]: Fixed<Value[Name]> } : Value;

/** A linear embedding on fixed features. */
export type EmbeddingTraining = Fixed<z.output<typeof embeddingTraining>>;

/** A network, end to end. */
export type NetworkTraining = Fixed<z.output<typeof networkTraining>>;

/** A training, resolved: every default filled in. It is written beside what it produced. */
export type TrainConfig = EmbeddingTraining | NetworkTraining;

/** Where pictures come from. */
export type DataConfig = TrainConfig['data'];

/** What pictures are turned into before training; frozen. */
export type FeatureConfig = EmbeddingTraining['features'];

/** What a model is scored on. */
export type EvaluationConfig = TrainConfig['evaluation'];

/** Which pairs are scored, and which of their folds. */
export type PairsConfig = Pick<EvaluationConfig, 'pairs' | 'pairsFolds'>;

/** The network that is trained end to end: from random weights, or from those of a file. */
export type NetworkConfig = NetworkTraining['network'];
