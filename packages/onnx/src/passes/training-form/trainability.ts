import { CfError, type OptionNames, requireKnownOptions } from '@cf/core';
import { OnnxGraphError, Refusals } from '../../errors.ts';
import { activityOf } from '../../gradient/active-nodes.ts';
import type { SplitGradient } from '../../gradient/split-gradient.ts';
import { graphOf, inputsOf, type Model } from '../../model/model.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import { outputsOf } from '../choose-part.ts';
import { type PartlyPrepared, type PrepareOptions, preparedAsFarAsKnown } from '../prepare-model.ts';
import { embeddingNetwork } from './embedding-network.ts';
import { requireSeveralValues } from './smallest-batch.ts';
import { seedOf, splitForm } from './split-form.ts';
import { formOf, type TrainingForm, type TrainingFormOptions } from './training-form.ts';

/** What to use of a file, and how it would train. */
export interface TrainabilityOptions extends PrepareOptions, Omit<TrainingFormOptions, 'output'> {
  /** Samples of a batch. */
  readonly batch?: number;
}

/** A file as far as it can train. */
export interface Trainability {
  readonly prepared: PartlyPrepared;
  readonly form: TrainingForm | undefined;
  readonly split: SplitGradient | undefined;
  /** All that stands in the way. */
  readonly refusals: Refusals;
}

const OPTIONS: OptionNames<TrainabilityOptions> = {
  batch: true,
  input: true,
  output: true,
  keepShared: true,
  freezeUntil: true,
  freezeBn: true,
};

/**
 * Checks that a file can train before anything of it runs: its parts, its batch, every operator, type and normalisation.
 *
 * @throws CfError the one reason why it can not
 * @throws RefusedModelError with all of them where there are several
 */
export function requireTrainable(model: Model, options: TrainabilityOptions = {}): void {
  requireKnownOptions('requireTrainable', options, OPTIONS);
  trainabilityOf(model, options).refusals.throwIfAny();
}

/** How far a file can train. Nothing that is found makes this throw: it is among the refusals. */
export function trainabilityOf(model: Model, options: TrainabilityOptions): Trainability {
  const refusals = new Refusals();
  const attempt = <T>(work: () => T): T | undefined => attempted(refusals, work);
  const nothing: PartlyPrepared = { model, input: undefined, output: undefined, notes: [] };
  const prepared = attempt(() => preparedAsFarAsKnown(model, options, refusals)) ?? nothing;
  const { output } = prepared;
  const formed = (name: string): TrainingForm | undefined =>
    attempt(() => formOf(prepared.model, { ...formOptions(options), output: name }, refusals));
  if (output === undefined) {
    for (const { name } of outputsOf(graphOf(model))) {
      const form = formed(name);
      if (form !== undefined) attempt(() => requireRules(form, refusals));
    }
    return { prepared, form: undefined, split: undefined, refusals };
  }
  const form = formed(output);
  if (form === undefined) return { prepared, form, split: undefined, refusals };
  if (prepared.input !== undefined) attempt(() => embeddingNetwork(prepared.model, form, refusals));
  const { batch } = options;
  if (batch !== undefined) attempt(() => requireSeveralValues(form.model, [batch]));
  const isFloat = (new ValueTable(form.model).type(output) ?? 'float32') === 'float32';
  const split =
    form.parameters.length > 0 && isFloat ? attempt(() => splitForm(form, seedOf(form), 'saved')) : undefined;
  if (split === undefined) attempt(() => requireRules(form, refusals));
  return { prepared, form, split, refusals };
}

function formOptions({ freezeUntil, freezeBn }: TrainabilityOptions): TrainingFormOptions {
  return {
    ...(freezeUntil !== undefined && { freezeUntil }),
    ...(freezeBn !== undefined && { freezeBn }),
  };
}

/** Takes in operators without a gradient: of the way from what trains, or from the input where nothing does. */
function requireRules({ model, output, parameters }: TrainingForm, refusals: Refusals): void {
  const from = parameters.length > 0 ? parameters : inputsOf(graphOf(model));
  const wrt = from.map(({ name }) => name);
  activityOf(graphOf(model), new ValueTable(model), { of: output, wrt }, refusals);
}

/** What `work` returns; undefined where it is refused or fails: what comes up about a broken file is its fault. */
export function attempted<T>(refusals: Refusals, work: () => T): T | undefined {
  try {
    return refusals.attempt(work);
  } catch (error) {
    if (error instanceof CfError || !(error instanceof Error)) throw error;
    refusals.add(new OnnxGraphError(error.message, 'a sound model', 'export the model again.'));
    return undefined;
  }
}
