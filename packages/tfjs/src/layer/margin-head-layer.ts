import {
  type LossDefinition,
  type LossState,
  type MarginLoss,
  type Mode,
  type OptionNames,
  requireClassValues,
  requireInteger,
  requireKnownOptions,
  requirePositive,
  ShapeMismatchError,
} from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { stateFromTensors, stateToTensors } from '../step/state-tensors.ts';
import type { TensorHeadOutput } from '../step/tensor-step.ts';
import { NUMBER_NAMES } from '../tensor-head/check-tensors.ts';
import { type MarginHeadOptions, marginHead, type TensorHead } from '../tensor-head/margin-head.ts';
import { HostStep } from './host-step.ts';
import { type GivenLoss, lossGiven, savedLoss } from './loss-definition.ts';

/** What a {@link MarginHead} is made of. With a loss by its name it is plain data, which `getConfig` gives. */
export interface MarginHeadConfig
  extends GivenLoss,
    Pick<MarginHeadOptions, 'subCenters' | 'tileSize' | 'keepBytes'> {
  /** Number of identities, C. */
  readonly classes: number;
  /** Standard deviation of the class centers' first entries, drawn from a normal distribution; > 0. Default 0.01. */
  readonly centersStd?: number;
  /** Seed of that draw. Default: a new one each time. */
  readonly centersSeed?: number;
  readonly name?: string;
}

/** What every layer of TensorFlow.js is saved with. */
type OfLayer = 'trainable' | 'dtype' | 'batchInputShape';

const OPTIONS: OptionNames<MarginHeadConfig> & Readonly<Record<OfLayer, true>> = {
  loss: true,
  params: true,
  classCounts: true,
  subCenters: true,
  tileSize: true,
  keepBytes: true,
  classes: true,
  centersStd: true,
  centersSeed: true,
  name: true,
  trainable: true,
  dtype: true,
  batchInputShape: true,
};

/**
 * The last layer of a model that trains embeddings: it holds the class centers, [C·K, d] (and a bias where the loss has
 * one, [C], or [1] where all classes share it), and the loss's state as weights that no optimiser trains, so that all of them are saved with the model.
 *
 * It passes embeddings through, [B, d] → [B, d]: a margin loss has no output of its own, and no B × C logits are made.
 * The loss is {@link MarginHead.lossFunction}. Its output shape leaves d open, since Keras wants targets of the
 * output's shape and labels are [B, 1].
 */
export class MarginHead extends tfl.layers.Layer {
  /** Under which it is saved. */
  static className = 'MarginHead';
  readonly loss: MarginLoss;
  readonly classes: number;
  /** Weights of the classes in the loss, ≥ 0: [C]. Not saved. */
  classWeights: Float32Array | undefined;
  private readonly config: MarginHeadConfig;
  private readonly saved: LossDefinition | undefined;
  private readonly head: TensorHead;
  private centers: tfl.LayerVariable | undefined;
  private bias: tfl.LayerVariable | undefined;
  private readonly state: Record<string, tfl.LayerVariable> = {};
  private readonly hostStep: HostStep = new HostStep();
  private mode: Mode = 'eval';
  private last: TensorHeadOutput | undefined;

  /**
   * @throws UnknownNameError for an unknown loss or option, with the nearest name; OptionOutOfRangeError; ShapeMismatchError
   * for a table of another number of classes
   */
  constructor(config: MarginHeadConfig) {
    super(config as object);
    requireKnownOptions('MarginHead', config, OPTIONS);
    this.config = config;
    this.loss = lossGiven(config);
    this.saved = this.loss.definition && savedLoss(this.loss);
    requireInteger('classes', config.classes, 1, Number.MAX_SAFE_INTEGER);
    this.classes = config.classes;
    requireClassValues(this.loss, this.classes);
    const { subCenters, tileSize, keepBytes, centersStd } = config;
    // TensorFlow.js puts 0.05 in the place of 0 and of NaN.
    if (centersStd !== undefined) requirePositive('centersStd', centersStd);
    this.head = marginHead(this.loss, { accuracy: true, subCenters, tileSize, keepBytes });
  }

  override build(inputShape: tfl.Shape | tfl.Shape[]): void {
    const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as tfl.Shape;
    const dim = shape[1];
    if (shape.length !== 2 || typeof dim !== 'number') {
      throw new ShapeMismatchError(
        `a layer of shape [${shape.join(', ')}] before MarginHead`,
        'embeddings [batch, dim]',
        'end the backbone in a flat layer of known size, such as tfl.layers.dense({ units: 512 }).',
      );
    }
    const { centersStd = 0.01, centersSeed, subCenters = 1 } = this.config;
    const initializer = tfl.initializers.randomNormal({
      stddev: centersStd,
      ...(centersSeed === undefined ? {} : { seed: centersSeed }),
    });
    this.centers = this.addWeight('centers', [this.classes * subCenters, dim], 'float32', initializer);
    const { bias } = this.loss;
    if (bias) {
      const start = tfl.initializers.constant({ value: bias.start(this.classes) });
      this.bias = this.addWeight('bias', [bias.of === 'each class' ? this.classes : 1], 'float32', start);
    }
    const { initialValues, initialClassValues } = this.loss;
    for (const [name, value] of Object.entries({ ...initialValues, ...initialClassValues })) {
      const constant = tfl.initializers.constant({ value });
      const shape = Object.hasOwn(initialClassValues, name) ? [this.classes] : [];
      this.state[name] = this.addWeight(`state_${name}`, shape, 'float32', constant, undefined, false);
    }
    super.build(inputShape);
  }

  override computeOutputShape(): tfl.Shape {
    return [null, null];
  }

  /** Embeddings as they came. Remembers whether this call trains, for the loss that follows it. */
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean } | undefined): tf.Tensor {
    this.mode = kwargs?.training === true ? 'train' : 'eval';
    return tf.clone(Array.isArray(inputs) ? inputs[0]! : inputs);
  }

  /** A loader adds fields of its own to what was saved, which are left out. */
  static override fromConfig<Loaded extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<Loaded>,
    config: tf.serialization.ConfigDict,
  ): Loaded {
    const known = Object.entries(config).filter(([name]) => Object.hasOwn(OPTIONS, name));
    return new cls(Object.fromEntries(known));
  }

  /** @throws OptionOutOfRangeError for a loss that can't be saved, since no name is known of it */
  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...savedConfig(this.config, this.saved ?? savedLoss(this.loss)) };
  }

  /**
   * The loss of a batch, for `model.compile`: labels [B, 1] and the layer's output [B, d] → scalar. In training (the
   * call before was one with `training: true`) the state moves.
   */
  readonly lossFunction = (labels: tf.Tensor, embeddings: tf.Tensor): tf.Tensor => {
    const { mode } = this;
    const flat = this.flatLabels(labels, embeddings.shape[0]!);
    const state = Object.fromEntries(Object.entries(this.state).map(([name, value]) => [name, value.read()]));
    const output = this.head.apply({
      embeddings: embeddings as tf.Tensor2D,
      weights: this.centers!.read() as tf.Variable<tf.Rank.R2>,
      labels: flat,
      state,
      mode,
      ...(this.bias ? { bias: this.bias.read() as tf.Variable<tf.Rank.R1> } : {}),
      ...(this.classWeights ? { sampleWeights: weightsOf(this.classWeights, flat) } : {}),
      ...(this.loss.draws && mode === 'train' ? { step: this.hostStep.before(state.step!) } : {}),
    });
    if (mode === 'train') {
      for (const [name, variable] of Object.entries(this.state)) variable.write(output.nextState[name]!);
      if (this.state.step) this.hostStep.advance(this.state.step.read());
    }
    this.last = output;
    return output.loss;
  };

  /** Share of the last batch that was nearest to its own class, as a metric for `model.compile`. */
  readonly accuracyFunction = (): tf.Tensor => tf.clone(this.last!.accuracy!);

  /** A value of the state, such as `t`, as it stands after the last batch; a metric for `model.compile`. */
  stateFunction(name: string): () => tf.Tensor {
    return () => tf.clone(this.state[name]!.read());
  }

  /**
   * Reads the loss's state: t and the like.
   *
   * @throws NonFiniteError, OptionOutOfRangeError where weights that were set from outside are no state of this loss
   */
  async readState(): Promise<LossState> {
    const tensors = Object.entries(this.state).map(([name, value]) => [name, value.read()] as const);
    return stateFromTensors(this.loss, Object.fromEntries(tensors));
  }

  /** Sets the loss's state. @throws StateMismatchError, NonFiniteError, OptionOutOfRangeError */
  writeState(state: LossState): void {
    requireClassValues(this.loss, this.classes, state);
    tf.tidy(() => {
      const values = stateToTensors(this.loss, state, this.classes);
      for (const [name, variable] of Object.entries(this.state)) variable.write(values[name]!);
    });
  }

  private flatLabels(labels: tf.Tensor, batch: number): tf.Tensor1D {
    if (labels.size !== batch) {
      throw new ShapeMismatchError(
        `targets [${labels.shape.join(', ')}]`,
        `one class number a sample, [${batch}] or [${batch}, 1]`,
        'pass labels as they are, not one-hot.',
      );
    }
    if (labels.dtype === 'string')
      throw new ShapeMismatchError('targets of type string', 'class numbers', NUMBER_NAMES);
    return tf.cast(tf.reshape(labels, [batch]), 'int32');
  }
}

/** The fields of a config that are the layer's own; a loader adds others. */
function savedConfig(config: MarginHeadConfig, loss: LossDefinition): tf.serialization.ConfigDict {
  const { classes, subCenters, tileSize, keepBytes, centersStd, centersSeed } = config;
  const own = { classes, ...loss, subCenters, tileSize, keepBytes, centersStd, centersSeed };
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as tf.serialization.ConfigDict;
}

function weightsOf(classWeights: Float32Array, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.gather(tf.tensor1d(classWeights), labels);
}

/** Makes {@link MarginHead} known to `tfl.loadLayersModel`. Call it once before loading; to repeat it does no harm. */
export function registerMarginHead(): void {
  tf.serialization.registerClass(MarginHead);
}
