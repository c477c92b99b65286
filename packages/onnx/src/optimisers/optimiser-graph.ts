import type { Model } from '../model/model.ts';
import type { Parameter } from '../passes/parameters.ts';
import { ADAMW_STATE, addAdamWUpdate } from './adamw.ts';
import { checkOptimiserOptions } from './check-options.ts';
import { clipFactor, globalNorm } from './global-norm.ts';
import type { OptimiserOptions } from './options.ts';
import { addSgdUpdate, sgdState } from './sgd.ts';
import {
  GRADIENT_NORM,
  gradientOf,
  groupOf,
  LEARNING_RATE,
  type ParameterUpdate,
  STEP,
  UpdateGraph,
} from './update-graph.ts';

/** An optimiser as a model. */
export interface OptimiserGraph {
  /**
   * Takes parameters by their names, gradients as `grad/<name>`, state as listed, `learning_rate` (float32, a scalar)
   * and, for AdamW, `step` (float64, a scalar: 1 in the first update). Computes `next/<name>` of every parameter and
   * part of the state, and `gradient_norm`, before clipping.
   */
  readonly model: Model;
  /** The state's inputs, with the parameter that each is shaped like; all start at 0. */
  readonly state: readonly { readonly name: string; readonly dims: readonly number[] }[];
  /** Whether the model takes `step`. */
  readonly takesStep: boolean;
}

/**
 * The graph of one update of all parameters at once.
 *
 * @throws OptionOutOfRangeError, UnknownNameError if a hyper-parameter is out of its range
 * @throws OnnxGraphError if two parameters have the same name
 */
export function optimiserGraph(parameters: readonly Parameter[], options: OptimiserOptions): OptimiserGraph {
  checkOptimiserOptions(options);
  const graph = new UpdateGraph();
  const takesStep = options.name === 'adamw';
  graph.builder.input(LEARNING_RATE, 'float32', []);
  if (takesStep) graph.builder.input(STEP, 'float64', []);
  for (const parameter of parameters) graph.inputLike(parameter, parameter.name);
  const gradients = parameters.map((parameter) => graph.inputLike(parameter, gradientOf(parameter.name)));
  const norm = globalNorm(graph, gradients);
  const factor = options.clipNorm === undefined ? undefined : clipFactor(graph, norm, options.clipNorm);
  parameters.forEach((parameter, i) => {
    const gradient = factor === undefined ? gradients[i]! : graph.op('Mul', gradients[i]!, factor);
    addUpdate(graph, updateOf(graph, parameter, gradient, options), options);
  });
  graph.builder.op('Identity', [norm], {}, { outputs: [GRADIENT_NORM] });
  graph.builder.output(GRADIENT_NORM, 'float32', []);
  return { model: graph.builder.build(), state: stateOf(parameters, options), takesStep };
}

function updateOf(
  graph: UpdateGraph,
  parameter: Parameter,
  gradient: string,
  options: OptimiserOptions,
): ParameterUpdate {
  const group = groupOf(parameter, options);
  const scale = group.learningRateScale ?? 1;
  const learningRate =
    scale === 1
      ? LEARNING_RATE
      : graph.once(`learning rate ${scale}`, () => graph.scaled(LEARNING_RATE, scale));
  const weightDecay = group.weightDecay ?? options.weightDecay ?? 0;
  return { parameter, weight: parameter.name, gradient, learningRate, weightDecay };
}

function addUpdate(graph: UpdateGraph, update: ParameterUpdate, options: OptimiserOptions): void {
  if (options.name === 'sgd') addSgdUpdate(graph, update, options);
  else addAdamWUpdate(graph, update, options);
}

function stateOf(parameters: readonly Parameter[], options: OptimiserOptions): OptimiserGraph['state'] {
  const parts = options.name === 'sgd' ? sgdState(options) : ADAMW_STATE;
  return parameters.flatMap(({ name, dims }) => parts.map((part) => ({ name: `${part}/${name}`, dims })));
}
