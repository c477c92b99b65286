import { type Head, headDiagnostics, NonFiniteError } from '@cf/core';
import type { TensorData, TrainingState } from '@cf/onnx';
import {
  marginHead,
  stateFromTensors,
  stateToTensors,
  type TensorHead,
  type TensorHeadOutput,
} from '@cf/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { NetworkTraining } from '../../settings/train-config.ts';
import { notOurs } from '../../training/checkpoint.ts';
import type { LearnOutput, MicroBatch, TrainableNetwork, TrainedNetwork } from '../network-state.ts';
import { UnbiasedVariances } from './batch-variance.ts';
import { DropoutMasks } from './dropout-masks.ts';
import { SgdOnVariables, type TrainedVariable, trainedVariables } from './sgd-variables.ts';

/** A layers model in training, with the head of @cf/tfjs on the device: nothing of size B × d leaves it. */
export class TfjsTraining implements TrainableNetwork {
  readonly #model: tf.LayersModel;
  readonly #variables: readonly TrainedVariable[];
  readonly #sgd: SgdOnVariables;
  readonly #masks: DropoutMasks;
  readonly #variances: UnbiasedVariances;
  readonly #trained: (model: tf.LayersModel) => Promise<TrainedNetwork>;
  #head: TensorHead | undefined;
  #updates = 0;

  /** @param trained gives the model as it is kept after training. */
  constructor(
    model: tf.LayersModel,
    training: NetworkTraining,
    trained: (model: tf.LayersModel) => Promise<TrainedNetwork>,
  ) {
    this.#model = model;
    this.#trained = trained;
    this.#variables = trainedVariables(model);
    this.#sgd = new SgdOnVariables(this.#variables, training);
    this.#masks = new DropoutMasks(model, training.seed);
    this.#variances = new UnbiasedVariances(model);
  }

  /** The head says which loss; it is computed here, on the tensors. */
  async learn({ images, shape, step, share, target }: MicroBatch, { loss }: Head): Promise<LearnOutput> {
    this.#head ??= marginHead(loss, { countNegatives: true });
    const [batch, , height, width] = shape as [number, number, number, number];
    const [embeddingSize] = (this.#model.outputShape as tf.Shape).slice(1) as [number];
    const classes = target.weights.length / embeddingSize;
    this.#masks.draw(step, batch);
    this.#variances.remember();
    const centers = tf.tidy(() =>
      tf.variable(tf.tensor2d(Float32Array.from(target.weights), [classes, embeddingSize])),
    );
    const bias = target.bias && tf.variable(tf.tensor1d(Float32Array.from(target.bias)));
    let output: TensorHeadOutput | undefined;
    const forward = (): tf.Scalar => {
      const pixels = tf.tensor4d(images, [batch, 3, height, width]).transpose<tf.Tensor4D>([0, 2, 3, 1]);
      const embeddings = this.#model.apply(pixels, { training: true }) as tf.Tensor2D;
      output = this.#head!.apply({
        embeddings,
        weights: centers,
        ...(bias === undefined ? {} : { bias }),
        labels: tf.tensor1d(Array.from(target.labels), 'int32'),
        ...(target.sampleKeys === undefined ? {} : { sampleKeys: target.sampleKeys }),
        ...(loss.draws === undefined ? {} : { step: target.state?.values.step ?? 0 }),
        state: stateToTensors(loss, target.state),
        mode: 'train',
      });
      const { loss: value, ...beside } = output;
      for (const tensor of tf.tensor_util.getTensorsInContainer(beside)) tf.keep(tensor);
      return value;
    };
    const network = this.#variables.map(({ variable }) => variable);
    const ofHead = bias === undefined ? [centers] : [centers, bias];
    const { value, grads } = tf.variableGrads(forward, [...network, ...ofHead]);
    this.#variances.correct(batch);
    try {
      const gradients = network.map((variable) => grads[variable.name]!);
      const result = await readLearning(
        loss,
        output!,
        value,
        grads[centers.name]!,
        bias && grads[bias.name]!,
        {
          batch,
          classes,
        },
      );
      this.#sgd.add(gradients, share);
      return result;
    } finally {
      const { loss: _, ...beside } = output!;
      tf.dispose([value, beside, ...ofHead, ...ofHead.map(({ name }) => grads[name]!)]);
    }
  }

  async update(learningRate: number): Promise<{ readonly gradientNorm: number }> {
    this.#masks.restart();
    const result = await this.#sgd.update(learningRate);
    this.#updates++;
    return result;
  }

  async state(): Promise<TrainingState> {
    const { weights, statistics } = this.#parts();
    return {
      weights: await readAll(weights),
      statistics: await readAll(statistics),
      optimiser: await readAll(
        new Map([...this.#sgd.velocities].map(([name, v]) => [`momentum/${name}`, v])),
      ),
      updates: this.#updates,
    };
  }

  load(state: TrainingState): void {
    const { weights, statistics } = this.#parts();
    writeAll(weights, state.weights);
    writeAll(statistics, state.statistics);
    writeAll(
      new Map([...this.#sgd.velocities].map(([name, velocity]) => [`momentum/${name}`, velocity])),
      state.optimiser,
    );
    this.#updates = state.updates;
  }

  trained(): Promise<TrainedNetwork> {
    return this.#trained(this.#model);
  }

  async dispose(): Promise<void> {
    this.#sgd.dispose();
    this.#masks.dispose();
    this.#model.dispose();
  }

  #parts(): Record<'weights' | 'statistics', ReadonlyMap<string, tf.Variable>> {
    const statistics = this.#model.layers.flatMap((layer) =>
      layer.nonTrainableWeights.map(
        (weight, at) => [`${layer.name}/fixed/${at}`, weight.read() as tf.Variable] as const,
      ),
    );
    return {
      weights: new Map(this.#variables.map(({ name, variable }) => [name, variable])),
      statistics: new Map(statistics),
    };
  }
}

async function readLearning(
  loss: Head['loss'],
  output: TensorHeadOutput,
  value: tf.Scalar,
  gradWeights: tf.Tensor,
  gradBias: tf.Tensor | undefined,
  { batch, classes }: { readonly batch: number; readonly classes: number },
): Promise<LearnOutput> {
  const number = async (tensor: tf.Tensor): Promise<number> => (await tensor.data())[0]!;
  const mean = await number(value);
  if (!Number.isFinite(mean)) throw new NonFiniteError('loss', 0, mean);
  const state = await stateFromTensors(loss, output.nextState);
  const { hard, emphasised, minSlope, maxSlope } = output.hardNegatives!;
  const [h, e, min, max] = await Promise.all([hard, emphasised, minSlope, maxSlope].map(number));
  return {
    loss: mean,
    gradWeights: (await gradWeights.data()) as Float32Array,
    gradBias: gradBias && ((await gradBias.data()) as Float32Array),
    state,
    diagnostics: headDiagnostics(loss, {
      batch,
      classes,
      negatives: { hard: h!, emphasised: e!, minSlope: min!, maxSlope: max! },
      meanTargetCosine: await number(output.meanTargetCosine),
      pastPiShare: await number(output.pastPiShare),
      t: state.values.t,
    }),
  };
}

async function readAll(variables: ReadonlyMap<string, tf.Variable>): Promise<Map<string, TensorData>> {
  const entries = [...variables].map(async ([name, variable]) => {
    const data = Float32Array.from(await variable.data());
    return [name, { type: 'float32', dims: variable.shape, data }] as const;
  });
  return new Map(await Promise.all(entries));
}

function writeAll(
  variables: ReadonlyMap<string, tf.Variable>,
  values: ReadonlyMap<string, TensorData>,
): void {
  for (const [name, variable] of variables) {
    const value = values.get(name);
    if (value === undefined || `${value.dims}` !== `${variable.shape}`) {
      throw notOurs(
        `weight '${name}' [${value?.dims.join(', ') ?? 'absent'}], not [${variable.shape.join(', ')}]`,
      );
    }
  }
  for (const [name, variable] of variables) {
    tf.tidy(() => variable.assign(tf.tensor(values.get(name)!.data as Float32Array, variable.shape)));
  }
}
