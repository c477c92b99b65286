import { StateMismatchError } from '@cf/core';
import type { Learner, NamedTensor, NamedTensors } from '@cf/training';
import { OnnxGraphError } from '../errors.ts';
import type { TensorData } from '../model/tensor.ts';
import type { TrainingState } from './options.ts';
import type { TrainingSession } from './training-session.ts';

/** Parts of a session's state, and what the names of their tensors begin with. */
const PARTS = ['weights', 'statistics', 'optimiser'] as const;

/** Name of the number of updates among the tensors of a state. */
const UPDATES = 'updates';

/**
 * A training session as the loop of `@cf/training` takes it. Its state is `weights/NAME`, `statistics/NAME`,
 * `optimiser/NAME` and `updates`.
 *
 * @param session disposed of with the learner
 * @param embeddingSize d; needed only where the model does not tell it
 * @throws OnnxGraphError where neither says the length of an embedding
 */
export function onnxLearner(
  session: TrainingSession,
  embeddingSize: number | undefined = session.embeddingSize,
): Learner {
  if (embeddingSize === undefined) {
    throw new OnnxGraphError(
      `output '${session.output}' of unknown length`,
      'embeddings [B, d] of a d that is known',
      'pass embeddingSize.',
    );
  }
  return {
    embeddingSize,
    embed: (batch) => session.embed(batch),
    forward: (batch) => session.forward(batch),
    backward: (gradient, ranks) => session.backward(Float32Array.from(gradient), ranks),
    sumGradients: (ranks) => session.sumGradients(ranks),
    update: (learningRate) => session.update(learningRate),
    state: async () => flat(session.state()),
    load: async (state) => session.load(parts(state, flat(session.state()))),
    dispose: () => session.dispose(),
  };
}

function flat(state: TrainingState): NamedTensors {
  const tensors = new Map<string, NamedTensor>();
  for (const part of PARTS)
    for (const [name, { dims, data }] of state[part])
      tensors.set(`${part}/${name}`, { shape: dims, data: data as Float32Array });
  return tensors.set(UPDATES, { shape: [], data: Float64Array.of(state.updates) });
}

/** @throws StateMismatchError unless the names are those of `own` */
function parts(state: NamedTensors, own: NamedTensors): TrainingState {
  const missing = [...own.keys()].find((name) => !state.has(name));
  const foreign = [...state.keys()].find((name) => !own.has(name));
  if (missing !== undefined || foreign !== undefined) {
    throw new StateMismatchError(
      missing === undefined ? `a state with '${foreign}'` : `a state without '${missing}'`,
      `the ${own.size} tensors of this session`,
      'load a state that was saved with the same model and options.',
    );
  }
  const part = (prefix: string): Map<string, TensorData> =>
    new Map(
      [...state]
        .filter(([name]) => name.startsWith(`${prefix}/`))
        .map(([name, { shape: dims, data }]) => [
          name.slice(prefix.length + 1),
          data instanceof Float32Array ? { type: 'float32', dims, data } : { type: 'float64', dims, data },
        ]),
    );
  return {
    weights: part('weights'),
    statistics: part('statistics'),
    optimiser: part('optimiser'),
    updates: state.get(UPDATES)!.data[0]!,
  };
}
