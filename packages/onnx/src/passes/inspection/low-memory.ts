import { type OptionNames, requireKnownOptions } from '@cf/core';
import { Refusals } from '../../errors.ts';
import { graphOf, type Model, type Node } from '../../model/model.ts';
import { embeddingNetwork } from '../training-form/embedding-network.ts';
import { forwardValues } from '../training-form/forward-values.ts';
import { seedOf, splitForm } from '../training-form/split-form.ts';
import { type TrainingFormOptions, trainingForm } from '../training-form/training-form.ts';
import { multiplyAdds } from './layer-costs.ts';
import { trainingMemory } from './training-memory.ts';

/** What checkpointed activations give, and what they cost: estimated from the graphs, as far as shapes are known. */
export interface LowMemory {
  /** Bytes that training holds where activations are saved; a lower bound. */
  readonly savedBytes: number;
  /** The same where they are checkpointed. */
  readonly checkpointedBytes: number;
  /** What is kept of one sample between the way forward and the way back, where they are checkpointed. */
  readonly keptBytesPerSample: number;
  /** Multiply-adds that the way back does once more, over those of a whole step. */
  readonly repeatedShare: number;
}

const OPTIONS: OptionNames<TrainingFormOptions & { readonly batch: number }> = {
  output: true,
  freezeUntil: true,
  freezeBn: true,
  batch: true,
};

/**
 * Compares training with `activations: 'checkpointed'` and `'saved'` before anything runs.
 *
 * @throws the errors of `trainingForm` and `splitGradient`
 */
export function lowMemory(model: Model, given: TrainingFormOptions & { readonly batch: number }): LowMemory {
  requireKnownOptions('lowMemory', given, OPTIONS);
  const { batch, ...options } = given;
  const form = trainingForm(model, options);
  const { name: input, shape } = embeddingNetwork(model, form, new Refusals()).input;
  const seed = seedOf(form);
  const [saved, checkpointed] = [splitForm(form, seed, 'saved'), splitForm(form, seed, 'checkpointed')];
  const memory = (split: typeof saved): ReturnType<typeof trainingMemory> =>
    trainingMemory({ form, split, input, batch, constants: 0 });
  const values = forwardValues({ form, split: saved, input }, [batch, ...(shape ?? []).slice(1)]);
  const own = new Set(graphOf(form.model).node.flatMap(({ output }) => output));
  const operations = (nodes: readonly Node[]): number =>
    nodes
      .filter(({ output }) => own.has(output[0]!))
      .reduce((sum, node) => sum + (multiplyAdds(node, values) ?? 0), 0);
  const forward = operations(graphOf(form.model).node);
  const low = memory(checkpointed);
  return {
    savedBytes: memory(saved).totalBytes,
    checkpointedBytes: low.totalBytes,
    keptBytesPerSample: low.activationBytesPerSample,
    // The way back takes about twice what the way forward does.
    repeatedShare: forward === 0 ? 0 : operations(graphOf(checkpointed.backward).node) / (3 * forward),
  };
}
