import { type OptionNames, requireKnownOptions } from '@cf/core';
import { Refusals } from '../errors.ts';
import { requireWeightsInside } from '../model/external-data.ts';
import {
  type Graph,
  graphOf,
  inputsOf,
  isOperator,
  type Model,
  type Node,
  nodeName,
  unsupported,
} from '../model/model.ts';
import { createValueInfo, declaredShape, declaredType } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import { standardForm } from '../upgrade/standard-form.ts';
import { choose, chooseInput, outputsOf, partFor } from './choose-part.ts';
import { flatOutput } from './flat-output.ts';
import { foldedWhereFixed } from './folded-where-fixed.ts';
import { freeBatch } from './free-batch/free-batch.ts';
import { toFloat32 } from './half-precision/to-float32.ts';
import { inferenceForm } from './inference-form.ts';
import type { Note } from './note.ts';
import { splitWeights } from './split-weights.ts';
import { withBatch } from './with-input-shape.ts';

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

const OPTIONS: OptionNames<PrepareOptions> = { input: true, output: true, keepShared: true };

/**
 * A file as it was found, made ready for inference and training: the part that one output needs, with a free batch,
 * running statistics in the place of the batch's, float32 in that of half types, and a weight of its own for each layer
 * where equal ones were merged. What the graph computes of sizes alone is there as constants. Where nothing of this is
 * needed, the graph stays as it is.
 *
 * @throws OnnxGraphError naming the candidates where input or output have to be named, or the nodes that do not let
 *   the batch free
 * @throws RefusedModelError where several of this stand in the way
 */
export function prepareModel(model: Model, options: PrepareOptions = {}): PreparedModel {
  requireKnownOptions('prepareModel', options, OPTIONS);
  const refusals = new Refusals();
  const { input, output, ...prepared } = preparedAsFarAsKnown(model, options, refusals);
  refusals.throwIfAny();
  return { ...prepared, input: input!, output: output! };
}

/** A model as far as it could be prepared. */
export type PartlyPrepared = Pick<PreparedModel, 'model' | 'notes'> & {
  readonly input: string | undefined;
  readonly output: string | undefined;
};

/** As `prepareModel`; what is refused stays as it is. @param refusals takes it in */
export function preparedAsFarAsKnown(
  given: Model,
  options: PrepareOptions,
  refusals: Refusals,
): PartlyPrepared {
  const float = refusals.attempt(() => toFloat32(given)) ?? { model: given, notes: [] };
  refusals.attempt(() => requireWeightsInside(float.model));
  const model = refusals.attempt(() => standardForm(float.model, withoutBatch)) ?? float.model;
  const whole = graphOf(model);
  const output = refusals.attempt(() => choose('output', outputsOf(whole), options.output).name);
  const part = output === undefined ? whole : partFor(whole, output);
  const input = refusals.attempt(() => chooseInput(part, options.input).name);
  if (output === undefined) return { model, input, output, notes: [] };
  const notes: Note[] = [...float.notes, ...notesOfForm(float.model, model)];
  const others = whole.output.filter(({ name }) => name !== output).map(({ name }) => name);
  if (others.length > 0)
    notes.push({
      kind: 'output-chosen',
      text: `'${output}' is used; what only ${others.map((name) => `'${name}'`).join(', ')} need is left out.`,
      names: [output, ...others],
    });
  const inference = inferenceForm(part);
  const split = splitWeights(partFor(inference.graph, output), options.keepShared ?? false);
  const whatIsLeft = withFields(model, { graph: split.graph });
  if (input !== undefined) refusals.attempt(() => refuseChoices(split.graph, input));
  const freed = (input === undefined
    ? undefined
    : refusals.attempt(() => freeBatch(whatIsLeft, input, output))) ?? { model: whatIsLeft, notes: [] };
  const flat = flatOutput(freed.model, output);
  notes.push(...inference.notes, ...split.notes, ...freed.notes, ...flat.notes);
  return { model: foldedWhereFixed(flat.model), input, output, notes };
}

/** Where a file fixes the batch, a choice that is open may be one that the batch decides. */
function refuseChoices(graph: Graph, input: string): void {
  const info = graph.input.find(({ name }) => name === input);
  const isFixed = info !== undefined && typeof declaredShape(info)?.[0] === 'number';
  const refusals = new Refusals();
  for (const node of graph.node)
    if (isFixed && isOperator(node, 'If')) refusals.attempt(() => refuseChoice(node));
  refusals.throwIfAny();
}

function refuseChoice(node: Node): never {
  throw unsupported(
    node,
    'If whose condition follows from constants and from shapes, whatever the batch is',
    'export the model with a dynamic batch, or without the condition.',
  );
}

/** The model as far as shapes are known whatever the batch is: a branch that one batch alone takes stays open. */
function withoutBatch(model: Model): Model {
  const free = inputsOf(graphOf(model)).reduce((each, { name }) => withBatch(each, name, 'N'), model);
  const graph = graphOf(free);
  const output = graph.output.map((info) => createValueInfo(info.name, declaredType(info) ?? 'float32'));
  return withFields(free, { graph: withFields(graph, { valueInfo: [], output }) });
}

function notesOfForm(given: Model, model: Model): readonly Note[] {
  const keyOf = ({ opType, output }: Node): string => `${opType} ${output.join(' ')}`;
  const kept = new Set(graphOf(model).node.map(keyOf));
  const gone = graphOf(given).node.filter((node) => !kept.has(keyOf(node)));
  if (model === given || gone.length === 0) return [];
  const operators = [...new Set(gone.map(({ opType }) => opType))].join(', ');
  const text = `${gone.length} nodes (${operators}) are written out in other operators.`;
  return [{ kind: 'written-out', text, names: gone.map(nodeName) }];
}
