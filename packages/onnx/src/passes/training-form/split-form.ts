import { GraphBuilder } from '../../builder/graph-builder.ts';
import { type Activations, type SplitGradient, splitGradient } from '../../gradient/split-gradient.ts';
import type { TrainingForm } from './training-form.ts';

/** A name for the gradient of a form's output. */
export function seedOf({ model, output }: TrainingForm): string {
  return GraphBuilder.extend(model).uniqueName(`gradient/${output}`);
}

/** The way there and back of a training form. @throws the errors of `splitGradient` */
export function splitForm(
  { model, output, parameters }: TrainingForm,
  seed: string,
  activations: Activations,
): SplitGradient {
  return splitGradient(model, { of: output, wrt: parameters.map(({ name }) => name), seed, activations });
}
