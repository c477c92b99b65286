import { BackendError, type OptionNames, requireChoice, requireInteger, requireKnownOptions } from '@cf/core';
import { ACTIVATIONS } from '../gradient/split-gradient.ts';
import type { TensorData } from '../model/tensor.ts';
import { toFloat32 } from '../passes/half-precision/to-float32.ts';
import { modelInInferenceForm } from '../passes/inference-form.ts';
import { withOperatorsByParts } from '../passes/operators-by-parts.ts';
import { readWeights } from '../passes/with-weights.ts';
import type { OnnxRuntime, RuntimeSessionOptions } from '../runtime/onnx-runtime.ts';
import { onProcessor, sessionOptions } from '../runtime/sessions.ts';
import { GraphPasses } from './graph-passes.ts';
import type { TrainingSessionOptions } from './options.ts';
import type { TrainingPasses } from './passes.ts';
import { planTraining, type TrainingPlan } from './plan.ts';
import { openRunners } from './runner.ts';
import { TrainingSession } from './training-session.ts';

const OPTIONS: OptionNames<TrainingSessionOptions> = {
  runtime: true,
  threads: true,
  seed: true,
  kernels: true,
  executionProviders: true,
  model: true,
  optimiser: true,
  activations: true,
  output: true,
  freezeUntil: true,
  freezeBn: true,
  synchronise: true,
};

/**
 * Opens a model for training. What can't be trained is an error before the runtime is asked.
 *
 * Half types are float32 here, and in what `exportModel` gives.
 *
 * Passes of a session repeat to the same bits: the same weights, images, steps and seed, with the same runtime and
 * number of threads.
 *
 * @throws UnsupportedOperatorError naming the node and operator that have no gradient or no training form
 * @throws OnnxGraphError if a name is not in the model, nothing is left to train, or the model has not one input of
 *   images and one output [B, d]
 * @throws OnnxOpsetError for an opset below 7 or a later one than is known
 * @throws RefusedModelError with all of this where there are several reasons
 * @throws OptionOutOfRangeError, UnknownNameError if an option is out of its range
 * @throws BackendError if the runtime does not take the graphs, or where they are to be synchronised over ranks
 */
export async function createTrainingSession(options: TrainingSessionOptions): Promise<TrainingSession> {
  requireKnownOptions('createTrainingSession', options, OPTIONS);
  const { runtime, seed = 0, activations = 'saved', threads, executionProviders } = options;
  // What comes out evaluates with its running statistics, whatever mode it was exported in.
  const model = modelInInferenceForm(toFloat32(options.model).model);
  requireInteger('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  requireChoice('activations', activations, ACTIVATIONS);
  if (threads !== undefined) requireInteger('threads', threads, 1, 1024);
  const plan = planTraining({ ...options, model });
  const settings = {
    ...sessionOptions(threads, executionProviders),
    // A pattern is one block for all that a pass holds, asked for and given back in every run: fresh pages each time.
    enableMemPattern: false,
  };
  const { kernels, synchronise } = options;
  if (kernels === undefined && synchronise !== undefined && plan.form.statistics.length > 0)
    throw new BackendError(
      'statistics of a batch over ranks on the graphs of onnxruntime',
      'kernels that stop where ranks meet',
      'train with oneDnnKernels, with statistics of each rank, or with freezeBn.',
    );
  const passes =
    kernels === undefined
      ? await openGraphs(runtime, plan, settings)
      : await kernels.open(plan, { runtime, threads, activations, synchronise });
  const { update } = await openRunners(runtime, { update: plan.optimiser.model }, settings);
  const session = new TrainingSession(runtime, model, plan, {
    passes,
    update,
    seed,
    isSynchronised: synchronise !== undefined,
  });
  const { parameters, statistics } = plan.form;
  const initial = (parts: readonly { readonly name: string }[]): Map<string, TensorData> =>
    readWeights(
      model,
      parts.map(({ name }) => name),
    );
  session.load({ weights: initial(parameters), statistics: initial(statistics) });
  return session;
}

async function openGraphs(
  runtime: OnnxRuntime,
  plan: TrainingPlan,
  settings: RuntimeSessionOptions,
): Promise<TrainingPasses> {
  const { executionProviders } = settings;
  const graphs = { forward: plan.split.forward, backward: plan.split.backward };
  const models = onProcessor(executionProviders)
    ? graphs
    : {
        forward: withOperatorsByParts(graphs.forward),
        backward: withOperatorsByParts(graphs.backward),
      };
  return new GraphPasses(runtime, plan, await openRunners(runtime, models, settings));
}
