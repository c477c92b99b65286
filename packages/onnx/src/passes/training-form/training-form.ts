import { type OptionNames, requireKnownOptions } from '@cf/core';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import { OnnxGraphError, Refusals } from '../../errors.ts';
import { requireWeightsInside } from '../../model/external-data.ts';
import { type Graph, graphOf, inputsOf, isOperator, type Model, type Node } from '../../model/model.ts';
import { constantValue } from '../../model/node.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import { upgradedAsFarAsKnown } from '../../upgrade/upgrade-model.ts';
import { choose } from '../choose-part.ts';
import { GraphIndex, requireNode } from '../graph-index.ts';
import { modelInInferenceForm } from '../inference-form.ts';
import { addBatchNormalization, addStatistics, type RunningStatistic } from './batch-normalization.ts';
import { addDropout, type DropoutMask, dropoutAttributes } from './dropout.ts';
import { fixedWeights } from './fixed-weights.ts';
import { type FrozenConstant, type Parameter, parametersOf } from './parameters.ts';
import type { TrainingGraph } from './training-graph.ts';
import { requireTrainingForm } from './untrainable.ts';

/** Which part of a model trains. */
export interface TrainingFormOptions {
  /** The output to train; needed only where the model has several. */
  readonly output?: string;
  /** Name of a node: it and all that it depends on stay as they are in inference. */
  readonly freezeUntil?: string;
  /** Batch normalisations stay as they are in inference, with their scale and shift; false by default. */
  readonly freezeBn?: boolean;
}

/** A model as it computes in training. */
export interface TrainingForm {
  /**
   * Takes the inputs of the inference model, then parameters, running statistics and masks under the names given
   * here; computes `output` and the next running statistics. Nodes that `output` does not depend on are gone.
   */
  readonly model: Model;
  readonly output: string;
  readonly parameters: readonly Parameter[];
  /** Constants of floats that could be weights and stay as they are. */
  readonly frozen: readonly FrozenConstant[];
  readonly statistics: readonly RunningStatistic[];
  readonly masks: readonly DropoutMask[];
}

const OPTIONS: OptionNames<TrainingFormOptions> = { output: true, freezeUntil: true, freezeBn: true };

/**
 * The training form of a model, which is brought to its inference form first, whatever mode it was exported in: weights
 * become inputs; normalisations take the statistics of the batch and carry running ones on; dropout multiplies by a mask
 * that is an input. Constants that no layer learns (the mean of the pixels, shapes) stay, as do weights that the file
 * marks as fixed. Models of an opset below 17 are brought to 17.
 *
 * @throws OnnxGraphError if a name is not in the model, or nothing is left to train
 * @throws UnsupportedOperatorError naming every normalisation, dropout and weight that does not train as it is used
 * @throws OnnxOpsetError for an opset below 7 or a later one than is known
 * @throws RefusedModelError with all of these where there are several
 */
export function trainingForm(model: Model, options: TrainingFormOptions = {}): TrainingForm {
  requireKnownOptions('trainingForm', options, OPTIONS);
  const refusals = new Refusals();
  const form = refusals.goOn(() => formOf(model, options, refusals));
  refusals.throwIfAny();
  return form!;
}

/**
 * As `trainingForm`; what is refused stays as it is.
 *
 * @param refusals takes in what stands in the way
 * @throws OnnxGraphError if a name is not in the model
 */
export function formOf(model: Model, options: TrainingFormOptions, refusals: Refusals): TrainingForm {
  requireWeightsInside(model);
  const inference = modelInInferenceForm(model);
  const upgraded = upgradedAsFarAsKnown(inference, refusals);
  const source = graphOf(upgraded);
  const output = choose('output', source.output, options.output).name;
  const index = new GraphIndex(source);
  const { live, frozen } = partsOf(source, index, output, options);
  const nodes = source.node.filter((node) => live.has(node));
  const trained = nodes.filter((node) => !frozen.has(node));
  const fixed = fixedWeights(upgraded);
  const { parameters, frozen: kept } = parametersOf(index, { nodes: trained, frozen, fixed, output });
  if (parameters.length === 0) refusals.add(nothingToTrain(options));
  const names = new Set<string>();
  const normalisations = trained.filter(isNormalisation);
  const sound = new Set(
    normalisations.filter((node) =>
      refusals.attempt(() => {
        addStatistics(index, node, names);
        return true;
      }),
    ),
  );
  const values = new ValueTable(upgraded);
  for (const node of trained) refusals.attempt(() => requireTrainingForm(node, index, values));
  const promoted = new Set([...parameters.map(({ name }) => name), ...names]);
  const builder = trainingBuilder(upgraded, promoted, output);
  for (const name of promoted) builder.input(name, 'float32', index.constant(name)!.dims.map(Number));
  const [images] = inputsOf(graphOf(upgraded));
  const batch = images && values.shape(images.name)?.[0];
  const graph: TrainingGraph = { builder, index, values, batch };
  const statistics: RunningStatistic[] = [];
  const masks: DropoutMask[] = [];
  const ratios = dropoutAttributes(inference);
  for (const node of nodes) {
    if (constantValue(node) !== undefined && promoted.has(node.output[0]!)) continue;
    if (frozen.has(node)) builder.add(node);
    else if (sound.has(node)) statistics.push(...addBatchNormalization(graph, node));
    else if (isOperator(node, 'Dropout')) {
      const added = refusals.attempt(() => addDropout(graph, node, ratios));
      if (added === undefined) builder.add(node);
      masks.push(...(added ?? []));
    } else builder.add(node);
  }
  for (const { next, dims } of statistics) builder.output(next, 'float32', dims);
  return { model: builder.build(), output, parameters, frozen: kept, statistics, masks };
}

function isNormalisation(node: Node): boolean {
  return isOperator(node, 'BatchNormalization');
}

/** A builder for the graph of one output, in which promoted constants are to be inputs. */
function trainingBuilder(model: Model, promoted: ReadonlySet<string>, output: string): GraphBuilder {
  const graph = graphOf(model);
  return GraphBuilder.rewrite(model, {
    input: inputsOf(graph),
    output: graph.output.filter(({ name }) => name === output),
    initializer: graph.initializer.filter(({ name }) => !promoted.has(name)),
  });
}

/** Nodes that the output depends on, and those among all that stay as they are. */
function partsOf(
  graph: Graph,
  index: GraphIndex,
  output: string,
  { freezeUntil, freezeBn = false }: TrainingFormOptions,
): { readonly live: ReadonlySet<Node>; readonly frozen: ReadonlySet<Node> } {
  const last = index.producer(output);
  const live = index.withAncestors(last === undefined ? [] : [last]);
  const until = freezeUntil === undefined ? [] : [requireNode(graph, freezeUntil)];
  const normalisations = freezeBn ? graph.node.filter(isNormalisation) : [];
  return { live, frozen: new Set([...index.withAncestors(until), ...normalisations]) };
}

function nothingToTrain({ freezeUntil, freezeBn }: TrainingFormOptions): OnnxGraphError {
  const isFrozen = freezeUntil !== undefined || freezeBn === true;
  return new OnnxGraphError(
    isFrozen ? `a model frozen until '${freezeUntil ?? ''}'` : 'a model',
    'float32 weights of Conv, Gemm, MatMul, BatchNormalization, PRelu or the like that are left to train',
    isFrozen ? 'freeze less of it.' : 'export the model with its weights inside, in float32.',
  );
}
