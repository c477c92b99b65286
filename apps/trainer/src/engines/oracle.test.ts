import { type Backend, referenceBackend } from '@cf/core';
import { gpujsBackend } from '@cf/gpujs';
import { createTrainingSession, GraphBuilder, onnxBackend, onnxLearner } from '@cf/onnx';
import { tfjsBackend } from '@cf/tfjs';
import { tfjsLearner } from '@cf/tfjs/layers';
import { type LearnerOptimiser, learnerOptimiser, NO_DECAY_ON_NORM_AND_BIAS, sgd } from '@cf/training';
import {
  LINEAR_CHANGES,
  type LinearTask,
  type LinearTrainer,
  linearLosses,
  linearTask,
  oracleRun,
  runDistances,
  trainLinear,
} from '@cf/training/testing';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import * as runtime from 'onnxruntime-node';
import { expect, test } from 'vitest';

type Network = Pick<LinearTrainer, 'learner' | 'parameters'>;

function optimiserOf({ momentum, weightDecay }: LinearTask): LearnerOptimiser {
  const groups = [NO_DECAY_ON_NORM_AND_BIAS];
  return learnerOptimiser({ rule: sgd({ momentum }), weightDecay, groups });
}

/** A graph of one Gemm. */
async function onnxNetwork(task: LinearTask): Promise<Network> {
  const { inputSize, embeddingSize, weight, bias } = task;
  const builder = new GraphBuilder({ name: 'linear' });
  const x = builder.input('x', 'float32', ['N', inputSize]);
  builder.initializer('weight', { type: 'float32', dims: [embeddingSize, inputSize], data: weight });
  builder.initializer('bias', { type: 'float32', dims: [embeddingSize], data: bias });
  builder.op('Gemm', [x, 'weight', 'bias'], { transB: { int: 1 } }, { outputs: ['embedding'] });
  builder.output('embedding', 'float32', ['N', embeddingSize]);
  const model = builder.build();
  const session = await createTrainingSession({ runtime, model, optimiser: optimiserOf(task), threads: 1 });
  return {
    learner: onnxLearner(session),
    parameters: (state) => ({
      weight: state.get('weights/weight')!.data,
      bias: state.get('weights/bias')!.data,
    }),
  };
}

/** A dense layer, whose kernel is [F, d]. */
async function tfjsNetwork(task: LinearTask): Promise<Network> {
  const { inputSize: F, embeddingSize: d, weight, bias } = task;
  const dense = tfl.layers.dense({ units: d, inputShape: [F], name: 'linear' });
  const model = tfl.sequential({ layers: [dense] });
  dense.setWeights([tf.transpose(tf.tensor2d(weight, [d, F])), tf.tensor1d(bias)]);
  return {
    learner: tfjsLearner(model, { optimiser: optimiserOf(task) }),
    parameters: (state) => {
      const kernel = state.get('weights/linear/0')!.data;
      return {
        weight: weight.map((_, at) => kernel[(at % F) * d + Math.floor(at / F)]!),
        bias: state.get('weights/linear/1')!.data,
      };
    },
  };
}

const ENGINES: readonly [string, (task: LinearTask) => Promise<Network>, () => Promise<Backend>][] = [
  ['onnx, head onnx', onnxNetwork, () => onnxBackend({ runtime, threads: 1 })],
  ['onnx, head reference', onnxNetwork, async () => referenceBackend()],
  ['onnx, head gpujs-cpu', onnxNetwork, () => gpujsBackend({ mode: 'cpu' })],
  ['tfjs, head tfjs-cpu', tfjsNetwork, () => tfjsBackend({ backend: 'cpu' })],
  ['tfjs, head tfjs-wasm', tfjsNetwork, () => tfjsBackend({ backend: 'wasm' })],
];

const cases = ENGINES.flatMap(([engine, network, backend]) =>
  Object.entries(linearLosses()).map(([name, loss]) => [engine, name, network, backend, loss] as const),
);

test.each(cases)(
  'engine %s trains %s as Algorithm 1, written out by hand',
  async (_, __, open, openBackend, loss) => {
    const backend = await openBackend();
    try {
      for (const changes of LINEAR_CHANGES) {
        const task = linearTask(loss, changes);
        const head = await backend.createHead(loss, { subCenters: task.subCenters });
        const network = await open(task);
        const run = await trainLinear(task, { ...network, head, precision: 'float32' });
        for (const [name, distance] of Object.entries(runDistances(run, oracleRun(task))))
          expect(distance, name).toBeLessThan(2e-5);
        head.dispose();
        await network.learner.dispose();
      }
    } finally {
      await backend.dispose();
    }
  },
);
