import {
  adaFace,
  type Backend,
  curricularFace,
  elasticArcFace,
  elasticCosFace,
  type MarginLoss,
  ohem,
  softmax,
} from '@cf/core';
import { createTrainingSession, GraphBuilder, type Model, onnxLearner } from '@cf/onnx';
import { tfjsLearner } from '@cf/tfjs';
import {
  type Learner,
  type LearnerOptimiser,
  learnerOptimiser,
  type NamedTensors,
  NO_DECAY_ON_NORM_AND_BIAS,
  sgd,
} from '@cf/training';
import {
  type LinearRun,
  type LinearTask,
  type LinearTaskChanges,
  linearTask,
  oracleRun,
  runDistances,
  trainLinear,
} from '@cf/training/testing';
import * as tf from '@tensorflow/tfjs';
import * as runtime from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from './open-backend.ts';

const LOSSES: Readonly<Record<string, MarginLoss>> = {
  curricularface: curricularFace({ scale: 12, alpha: 0.1 }),
  adaface: adaFace({ scale: 12 }),
  'softmax with bias': softmax(),
  'elasticface-arc': elasticArcFace({ scale: 12 }),
  'elasticface-cos+': elasticCosFace({ scale: 12, plus: true }),
  'ohem(curricularface)': ohem(curricularFace({ scale: 12, alpha: 0.1 }), { keepRatio: 0.7 }),
};

const SPLITS: readonly LinearTaskChanges[] = [
  {},
  { batch: 4, accumulate: 2 },
  { batch: 3, accumulate: 3, seed: 2 },
];

/** A linear network in an engine, and where its state has V, [d, F], and b. */
interface Engine {
  open(task: LinearTask, optimiser: LearnerOptimiser): Promise<Learner>;
  parameters(state: NamedTensors, task: LinearTask): Pick<LinearRun, 'weight' | 'bias'>;
}

const onnx: Engine = {
  async open(task, optimiser) {
    return onnxLearner(await createTrainingSession({ runtime, model: gemm(task), optimiser, threads: 1 }));
  },
  parameters: (state) => ({
    weight: state.get('weights/weight')!.data,
    bias: state.get('weights/bias')!.data,
  }),
};

function gemm({ weight, bias, inputSize: F, embeddingSize: d }: LinearTask): Model {
  const graph = new GraphBuilder({ name: 'linear' });
  const inputs = [
    graph.input('features', 'float32', ['N', F]),
    graph.initializer('weight', { type: 'float32', dims: [d, F], data: weight }),
    graph.initializer('bias', { type: 'float32', dims: [d], data: bias }),
  ];
  graph.output(graph.op('Gemm', inputs, { transB: { int: 1 } }), 'float32', ['N', d]);
  return graph.build();
}

const tfjs: Engine = {
  async open(task, optimiser) {
    const { inputSize: F, embeddingSize: d } = task;
    const dense = tf.layers.dense({ inputShape: [F], units: d, name: 'linear' });
    const model = tf.sequential({ layers: [dense] });
    tf.tidy(() => {
      const kernel = tf.tensor2d(task.weight, [d, F]).transpose();
      dense.setWeights([kernel, tf.tensor1d(task.bias)]);
    });
    return tfjsLearner(model, { optimiser });
  },
  parameters(state, { inputSize: F, embeddingSize: d }) {
    const kernel = state.get('weights/linear/0')!.data;
    return {
      weight: Float64Array.from({ length: d * F }, (_, at) => kernel[(at % F) * d + Math.floor(at / F)]!),
      bias: state.get('weights/linear/1')!.data,
    };
  },
};

describe.each<[string, Engine, string]>([
  ['onnx', onnx, 'reference'],
  ['onnx', onnx, 'onnx'],
  ['tfjs', tfjs, 'tfjs-cpu'],
])('engine %s (%#)', (_, engine, backendName) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend(backendName);
  });
  afterAll(() => backend.dispose());

  test.each(Object.entries(LOSSES))(
    `with the head ${backendName} trains as Algorithm 1, written out by hand: %s`,
    async (_name, loss) => {
      for (const changes of SPLITS) {
        const task = linearTask(loss, changes);
        const { momentum, weightDecay } = task;
        const groups = [NO_DECAY_ON_NORM_AND_BIAS];
        const learner = await engine.open(
          task,
          learnerOptimiser({ rule: sgd({ momentum }), weightDecay, groups }),
        );
        const head = await backend.createHead(loss);
        const parameters = (state: NamedTensors) => engine.parameters(state, task);
        const run = await trainLinear(task, { learner, head, precision: 'float32', parameters });
        head.dispose();
        await learner.dispose();
        for (const [name, distance] of Object.entries(runDistances(run, oracleRun(task))))
          expect(distance, `${name} of ${JSON.stringify(changes)}`).toBeLessThan(2e-5);
      }
    },
  );
});
