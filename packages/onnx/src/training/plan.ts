import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxGraphError } from '../errors.ts';
import { type SplitGradient, splitGradient } from '../gradient/split-gradient.ts';
import { graphOf, inputsOf, type Model, type Shape } from '../model/model.ts';
import { declaredShape, declaredType } from '../model/value-info.ts';
import { type OptimiserGraph, optimiserGraph } from '../optimisers/optimiser-graph.ts';
import { type TrainingForm, trainingForm } from '../passes/training-form.ts';
import { ValueTable } from '../shapes/value-table.ts';
import type { TrainingSessionOptions } from './options.ts';

/** Everything that is known of a training before a runtime is asked. */
export interface TrainingPlan {
  readonly form: TrainingForm;
  readonly split: SplitGradient;
  readonly optimiser: OptimiserGraph;
  /** The input of images. */
  readonly input: { readonly name: string; readonly shape: Shape | undefined };
  /** Name of the backward pass's input with the gradient of the embeddings. */
  readonly seedInput: string;
  readonly embeddingSize: number | undefined;
}

/**
 * Builds the three graphs of a training.
 *
 * @throws CfError what `trainingForm`, `splitGradient` and `optimiserGraph` throw
 * @throws OnnxGraphError if the model has not exactly one float32 input, or its embeddings are not [B, d]
 */
export function planTraining(options: TrainingSessionOptions): TrainingPlan {
  const { model, activations = 'saved', optimiser } = options;
  const input = imageInput(model);
  const form = trainingForm(model, options);
  const wrt = form.parameters.map(({ name }) => name);
  const seedInput = GraphBuilder.extend(form.model).uniqueName(`gradient/${form.output}`);
  const split = splitGradient(form.model, { of: form.output, wrt, seed: seedInput, activations });
  const shape = new ValueTable(form.model).shape(form.output);
  if (shape !== undefined && shape.length !== 2) {
    throw new OnnxGraphError(
      `output '${form.output}' of shape [${shape.map((dim) => dim ?? '?').join(', ')}]`,
      'embeddings [B, d]',
      'add a Flatten, or name another output.',
    );
  }
  const size = shape?.[1];
  return {
    form,
    split,
    optimiser: optimiserGraph(form.parameters, optimiser),
    input,
    seedInput,
    embeddingSize: typeof size === 'number' ? size : undefined,
  };
}

function imageInput(model: Model): TrainingPlan['input'] {
  const inputs = inputsOf(graphOf(model));
  const [first, ...others] = inputs;
  if (first !== undefined && others.length === 0 && declaredType(first) === 'float32')
    return { name: first.name, shape: declaredShape(first) };
  throw new OnnxGraphError(
    `a model with inputs ${inputs.map((info) => `'${info.name}' (${declaredType(info) ?? '?'})`).join(', ') || 'none'}`,
    'one input, float32, of images',
    'make the others initializers.',
  );
}
