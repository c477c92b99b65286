import type { LearnerOptimiser } from '@cf/training';
import { Refusals } from '../errors.ts';
import type { Activations, SplitGradient } from '../gradient/split-gradient.ts';
import type { Model } from '../model/model.ts';
import { type OptimiserGraph, optimiserGraph } from '../optimisers/optimiser-graph.ts';
import { type EmbeddingNetwork, embeddingNetwork } from '../passes/training-form/embedding-network.ts';
import { seedOf, splitForm } from '../passes/training-form/split-form.ts';
import {
  formOf,
  type TrainingForm,
  type TrainingFormOptions,
} from '../passes/training-form/training-form.ts';

/** What to train. */
export interface TrainingPlanOptions extends TrainingFormOptions {
  /** An inference model with one input of images; it is not changed. */
  readonly model: Model;
  /** What `learnerOptimiser` of `@cf/training` gives. */
  readonly optimiser: LearnerOptimiser;
  /**
   * Keep activations for the way back (the default), or only those at a few places of the network, from which the way
   * back computes the others again: slower, with less memory, and the same gradients.
   */
  readonly activations?: Activations;
}

/** Everything that is known of a training before a runtime is asked. */
export interface TrainingPlan extends EmbeddingNetwork {
  readonly form: TrainingForm;
  readonly split: SplitGradient;
  readonly optimiser: OptimiserGraph;
  /** Name of the backward pass's input with the gradient of the embeddings. */
  readonly seedInput: string;
}

/**
 * Builds the three graphs of a training.
 *
 * @throws CfError what `trainingForm`, `splitGradient` and `optimiserGraph` throw; all of it at once
 * @throws OnnxGraphError if the model has not exactly one float32 input, or its embeddings are not [B, d]
 */
export function planTraining(options: TrainingPlanOptions): TrainingPlan {
  const { model, activations = 'saved', optimiser } = options;
  const refusals = new Refusals();
  const form = refusals.goOn(() => formOf(model, options, refusals));
  const network = form && refusals.goOn(() => embeddingNetwork(model, form, refusals));
  const seedInput = form === undefined ? '' : seedOf(form);
  const isLeft = form !== undefined && form.parameters.length > 0;
  const split = isLeft ? refusals.goOn(() => splitForm(form, seedInput, activations)) : undefined;
  refusals.throwIfAny();
  return {
    form: form!,
    split: split!,
    optimiser: optimiserGraph(form!.parameters, optimiser),
    ...network!,
    seedInput,
  };
}
