import { requireChoice, requireInteger } from '@cf/core';
import type { TensorData } from '../model/tensor.ts';
import { readWeights } from '../passes/with-weights.ts';
import type { RuntimeSessionOptions } from '../runtime/onnx-runtime.ts';
import type { TrainingSessionOptions } from './options.ts';
import { planTraining } from './plan.ts';
import { openRunners } from './runner.ts';
import { TrainingSession } from './training-session.ts';

/** Severity of what the runtime prints: errors. */
const LOG_ERRORS = 3;

/**
 * Opens a model for training. What can't be trained is an error before the runtime is asked.
 *
 * Passes of a session repeat to the same bits: the same weights, images, steps and seed, with the same runtime and
 * number of threads.
 *
 * @throws UnsupportedOperatorError naming the node and operator that have no gradient or no training form
 * @throws OnnxGraphError if a name is not in the model, nothing is left to train, or the model has not one input of
 *   images and one output [B, d]
 * @throws OnnxOpsetError for an opset below 11 or a later one than is known
 * @throws OptionOutOfRangeError, UnknownNameError if an option is out of its range
 * @throws BackendError if the runtime does not take the graphs
 */
export async function createTrainingSession(options: TrainingSessionOptions): Promise<TrainingSession> {
  const { runtime, model, seed = 0, activations = 'saved' } = options;
  requireInteger('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  requireChoice('activations', activations, ['saved', 'recomputed']);
  const plan = planTraining(options);
  const models = { forward: plan.split.forward, backward: plan.split.backward, update: plan.optimiser.model };
  const runners = await openRunners(runtime, models, sessionOptions(options));
  const session = new TrainingSession(runtime, model, plan, runners, seed);
  const { parameters, statistics } = plan.form;
  const initial = (parts: readonly { readonly name: string }[]): Map<string, TensorData> =>
    readWeights(
      model,
      parts.map(({ name }) => name),
    );
  session.load({ weights: initial(parameters), statistics: initial(statistics) });
  return session;
}

function sessionOptions({ threads, executionProviders }: TrainingSessionOptions): RuntimeSessionOptions {
  if (threads !== undefined) requireInteger('threads', threads, 1, 1024);
  return {
    logSeverityLevel: LOG_ERRORS,
    // A pattern is one block for all that a pass holds, asked for and given back in every run: fresh pages each time.
    enableMemPattern: false,
    // Threads that wait for work in one session keep those of another from the cores.
    extra: { session: { force_spinning_stop: '1' } },
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    ...(executionProviders !== undefined && { executionProviders }),
  };
}
