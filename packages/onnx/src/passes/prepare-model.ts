import { requireWeightsInside } from '../model/external-data.ts';
import { graphOf, type Model } from '../model/model.ts';
import { withFields } from '../model/with-fields.ts';
import { choose, chooseInput, outputsOf, partFor } from './choose-part.ts';
import { freeBatch } from './free-batch.ts';
import { inferenceForm } from './inference-form.ts';
import type { Note } from './note.ts';
import { splitWeights } from './split-weights.ts';
import { toFloat32 } from './to-float32.ts';

/** What a model is to be used for. */
export interface PrepareOptions {
  /** Name of the input that takes the samples; needed only where there are several. */
  readonly input?: string;
  /** Name of the output; needed only where there are several. */
  readonly output?: string;
  /** Weights that several layers read stay one; false by default. */
  readonly keepShared?: boolean;
}

/** A model that takes any batch and computes in inference form. */
export interface PreparedModel {
  /** What `output` needs of the model that was given. `withWeights` writes trained values into it. */
  readonly model: Model;
  readonly input: string;
  readonly output: string;
  /** What differs from the file, in the order in which it was done. */
  readonly notes: readonly Note[];
}

/**
 * A file as it was found, made ready for inference and training: the part that one output needs, with a free batch,
 * running statistics in the place of the batch's, float32 in that of half types, and a weight of its own for each layer where equal ones were merged.
 * Where nothing of this is needed, the graph stays as it is.
 *
 * @throws OnnxGraphError naming the candidates where input or output have to be named, or the node that does not let
 *   the batch free
 */
export function prepareModel(model: Model, options: PrepareOptions = {}): PreparedModel {
  const float = toFloat32(model);
  requireWeightsInside(float.model);
  const whole = graphOf(float.model);
  const candidates = outputsOf(whole);
  const output = choose('output', candidates, options.output).name;
  const part = partFor(whole, output);
  const input = chooseInput(part, options.input).name;
  const notes: Note[] = [...float.notes];
  const others = whole.output.filter(({ name }) => name !== output).map(({ name }) => name);
  if (others.length > 0)
    notes.push({
      kind: 'output-chosen',
      text: `'${output}' is used; what only ${others.map((name) => `'${name}'`).join(', ')} need is left out.`,
      names: [output, ...others],
    });
  const inference = inferenceForm(part);
  const split = splitWeights(partFor(inference.graph, output), options.keepShared ?? false);
  const freed = freeBatch(withFields(float.model, { graph: split.graph }), input, output);
  notes.push(...inference.notes, ...split.notes, ...freed.notes);
  return { model: freed.model, input, output, notes };
}
