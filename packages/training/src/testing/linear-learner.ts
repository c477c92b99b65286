import { type FloatArray, StateMismatchError } from '@cf/core';
import type { Learner, LearnerBatch } from '../learner/learner.ts';
import type { NamedTensor, NamedTensors } from '../learner/named-tensors.ts';
import { arrayOptimiser } from '../optimiser/array-optimiser.ts';
import { type LearnerOptimiser, learnerOptimiser } from '../optimiser/learner-optimiser.ts';
import { NO_DECAY_ON_NORM_AND_BIAS } from '../optimiser/parameter-groups.ts';
import { sgd } from '../optimiser/sgd.ts';
import type { LinearTask } from './linear-task.ts';

interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: FloatArray;
  readonly gradient: FloatArray;
  readonly optimiser: Readonly<Record<string, FloatArray>>;
  move(learningRate: number, updateNumber: number): void;
}

/** A linear network in plain loops, float64: the smallest learner that keeps the whole contract. */
export function linearLearner(
  task: Pick<LinearTask, 'weight' | 'bias' | 'inputSize' | 'embeddingSize' | 'momentum' | 'weightDecay'>,
  optimiser: LearnerOptimiser = learnerOptimiser({
    rule: sgd({ momentum: task.momentum }),
    weightDecay: task.weightDecay,
    groups: [NO_DECAY_ON_NORM_AND_BIAS],
  }),
): Learner {
  const { inputSize: F, embeddingSize: d } = task;
  const part = (name: 'weight' | 'bias', shape: readonly number[]): Part => {
    const values = Float64Array.from(task[name]);
    const gradient = new Float64Array(values.length);
    const { weightDecay, learningRateScale } = optimiser.settingsOf({ name, kind: name });
    const rule = arrayOptimiser(optimiser.rule, weightDecay);
    const numbers = rule.first(values);
    return {
      name,
      shape,
      values,
      gradient,
      optimiser: numbers,
      move(rate, updateNumber) {
        const learningRate = rate * learningRateScale;
        rule.update({ weight: values, state: numbers, gradient, learningRate, updateNumber });
        gradient.fill(0);
      },
    };
  };
  const weight = part('weight', [d, F]);
  const bias = part('bias', [d]);
  const parts = [weight, bias];
  let updates = 0;
  let kept: LearnerBatch | undefined;

  const embed = ({ values, shape }: LearnerBatch): Float64Array => {
    const out = new Float64Array(shape[0]! * d);
    for (let at = 0; at < out.length; at++) {
      const [row, k] = [Math.floor(at / d), at % d];
      out[at] = bias.values[k]!;
      for (let f = 0; f < F; f++) out[at]! += weight.values[k * F + f]! * values[row * F + f]!;
    }
    return out;
  };
  const tensors = (): Map<string, NamedTensor> => {
    const all = new Map<string, NamedTensor>();
    for (const { name, shape, values, optimiser: numbers } of parts) {
      all.set(name, { shape, data: values });
      for (const [key, data] of Object.entries(numbers)) all.set(`${key}/${name}`, { shape, data });
    }
    return all;
  };
  return {
    embeddingSize: d,
    embed: async (batch) => embed(batch),
    forward: async (batch) => {
      kept = batch;
      return embed(batch);
    },
    async backward(gradient) {
      const { values } = kept!;
      kept = undefined;
      for (const [at, g] of gradient.entries()) {
        const [row, k] = [Math.floor(at / d), at % d];
        bias.gradient[k]! += g;
        for (let f = 0; f < F; f++) weight.gradient[k * F + f]! += g * values[row * F + f]!;
      }
    },
    async sumGradients(ranks) {
      for (const { gradient } of parts) await ranks.allReduce(gradient, 'sum');
    },
    async update(learningRate) {
      const gradientNorm = Math.hypot(...weight.gradient, ...bias.gradient);
      updates++;
      for (const each of parts) each.move(learningRate, updates);
      return { gradientNorm };
    },
    async state(): Promise<NamedTensors> {
      const copies = tensors();
      for (const [name, { shape, data }] of copies) copies.set(name, { shape, data: data.slice() });
      return copies.set('updates', { shape: [], data: Float64Array.of(updates) });
    },
    async load(state) {
      const own = tensors();
      for (const [name, { data }] of own) {
        const given = state.get(name)?.data;
        if (given?.length !== data.length)
          throw new StateMismatchError(`a state without '${name}'`, `${data.length} numbers`);
        data.set(given);
      }
      updates = state.get('updates')!.data[0]!;
    },
    async dispose() {},
  };
}
