import type { SplitGradient } from '../../gradient/split-gradient.ts';
import { graphOf, type Model, type Shape } from '../../model/model.ts';
import { createValueInfo, declaredType } from '../../model/value-info.ts';
import { withFields } from '../../model/with-fields.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import type { TrainingForm } from './training-form.ts';

/** A training form, and its way there and back. */
export interface FormedPasses {
  readonly form: TrainingForm;
  readonly split: SplitGradient;
  /** Name of the input of samples. */
  readonly input: string;
}

/**
 * Types and shapes of all that the way forward computes, at one batch.
 *
 * @param shape of the input, with its batch
 */
export function forwardValues({ form, split, input }: FormedPasses, shape: Shape): ValueTable {
  const masks = new Map(form.masks.map(({ name, sample }) => [name, [shape[0], ...sample] as Shape]));
  return new ValueTable(
    withShapes(split.forward, (name, declared) => (name === input ? shape : (masks.get(name) ?? declared))),
  );
}

/** The same of the way back. @param forward what `forwardValues` gives */
export function backwardValues({ form, split }: FormedPasses, forward: ValueTable): ValueTable {
  const seed = graphOf(split.backward).input[0]!.name;
  return new ValueTable(
    withShapes(
      split.backward,
      (name, declared) => forward.shape(name === seed ? form.output : name) ?? declared,
    ),
  );
}

/** The model with these shapes for its inputs, and what was declared of others left to be inferred. */
function withShapes(
  model: Model,
  shapeOf: (name: string, declared: Shape | undefined) => Shape | undefined,
): Model {
  const graph = graphOf(model);
  const declared = ValueTable.ofDeclarations(model);
  return withFields(model, {
    graph: withFields(graph, {
      input: graph.input.map((info) =>
        createValueInfo(
          info.name,
          declaredType(info) ?? 'float32',
          shapeOf(info.name, declared.shape(info.name)),
        ),
      ),
      output: graph.output.map((info) => createValueInfo(info.name, declaredType(info) ?? 'float32')),
      valueInfo: [],
    }),
  });
}
