import {
  type HeadInput,
  type HeadOutput,
  InProcessRanks,
  type SampledHeadOptions,
  sampleClasses,
  sampledHead,
} from '@cf/core';
import fc from 'fast-check';
import { kinkDistance } from '../oracle/kink-distance.ts';
import { requireSameBits } from './gradient-rows.ts';
import { type Law, problemLaw, requireSameOutput, stepOnce, type Trial } from './law.ts';

/** A head may see a part of the classes: drawn whole it is the full one, drawn in part a head of those, on any ranks. */
export const sampleIsAHead: Law = problemLaw(
  'drawn classes are all that a head sees and hands over, on one rank or two; all of them drawn, it is the full head, to the bit',
  async (trial) => {
    const { backend, loss, input, spec } = trial;
    if (!backend.sharded) return;
    fc.pre(kinkDistance(loss, input) > 1e-5);
    const whole = await stepOnce(backend, loss, input);
    for (const negatives of ['published', 'corrected'] as const) {
      const all = await sampledStep(trial, input, { rate: 1, negatives, seed: 1 });
      for (const name of ['losses', 'gradEmbeddings', 'gradWeights'] as const)
        requireSameBits(name, all[name], whole[name]);
    }
    // At least one that no sample is of: else those others are never drawn, and nothing stands for them.
    const count = 1 + Math.max(spec.seed % spec.classes, new Set(input.labels as number[]).size);
    const half = { count, seed: spec.seed, negatives: 'corrected' } as const;
    const one = await sampledStep(trial, input, half);
    const cut = spec.seed % (spec.classes + 1);
    requireSameOutput({ backend, loss, input }, await sampledOnTwo(trial, input, half, cut), one);
    // What the loss has of classes is of those that there are.
    if (Object.keys({ ...loss.classValues, ...loss.initialClassValues }).length > 0) return;
    const drawn = { count: 1 + (spec.seed % spec.classes), seed: spec.seed };
    const sampled = await sampledStep(trial, input, drawn);
    const { ids } = sampleClasses(input.labels, spec.classes, drawn, whole.state.values.step! - 1);
    const part = partOf(trial, input, ids);
    const alone = await stepOnce(backend, loss, part);
    requireSameOutput({ backend, loss, input: part }, ofPart(trial, sampled, part, ids), alone);
    for (let row = 0; row < spec.classes; row++) {
      const values = sampled.gradWeights.subarray(row * input.dim, (row + 1) * input.dim);
      if (!ids.includes(row) && values.some((value) => value !== 0))
        throw new Error(`class ${row} was not drawn, and has a gradient`);
    }
  },
);

async function sampledStep(
  { backend, loss }: Pick<Trial, 'backend' | 'loss'>,
  input: HeadInput,
  options: SampledHeadOptions,
): Promise<HeadOutput> {
  const head = await sampledHead(backend, loss, options);
  try {
    return await head.step(input);
  } finally {
    head.dispose();
  }
}

/** @param cut where the classes of the second rank begin */
async function sampledOnTwo(
  trial: Pick<Trial, 'backend' | 'loss'>,
  input: HeadInput,
  options: SampledHeadOptions,
  cut: number,
): Promise<HeadOutput> {
  const { dim, weights, bias } = input;
  const ofEach = trial.loss.bias?.of === 'each class';
  const ranks = new InProcessRanks(2);
  const parts = [
    { from: 0, to: cut },
    { from: cut, to: weights.length / dim },
  ];
  const [first, second] = await Promise.all(
    parts.map(async ({ from, to }, rank) => {
      const own = {
        ...input,
        weights: weights.slice(from * dim, to * dim),
        bias: ofEach ? bias!.slice(from, to) : bias,
        labels: Array.from(input.labels, (label) => (label >= from && label < to ? label - from : -1)),
      };
      const shard = { ...options, communicator: ranks.communicator(rank), firstClass: from };
      try {
        return await sampledStep(trial, own, shard);
      } catch (error) {
        ranks.fail(error);
        throw error;
      }
    }),
  );
  const joined = (a: HeadInput['weights'], b: HeadInput['weights']): HeadInput['weights'] =>
    a instanceof Float32Array ? Float32Array.of(...a, ...b) : Float64Array.of(...a, ...b);
  return {
    ...first!,
    gradWeights: joined(first!.gradWeights, second!.gradWeights),
    gradBias: ofEach ? joined(first!.gradBias!, second!.gradBias!) : first!.gradBias,
  };
}

function partOf({ loss }: Pick<Trial, 'loss'>, input: HeadInput, ids: Int32Array): HeadInput {
  const { dim, bias } = input;
  const ofEach = loss.bias?.of === 'each class';
  return {
    ...input,
    weights: rowsOf(input.weights, ids, dim),
    labels: Array.from(input.labels, (label) => ids.indexOf(label)),
    ...(bias === undefined ? {} : { bias: ofEach ? rowsOf(bias, ids, 1) : bias }),
  };
}

function ofPart(
  { loss }: Pick<Trial, 'loss'>,
  output: HeadOutput,
  { dim }: HeadInput,
  ids: Int32Array,
): HeadOutput {
  const { gradWeights, gradBias } = output;
  return {
    ...output,
    gradWeights: rowsOf(gradWeights, ids, dim),
    gradBias: loss.bias?.of === 'each class' ? rowsOf(gradBias!, ids, 1) : gradBias,
  };
}

function rowsOf(values: HeadInput['weights'], ids: Int32Array, width: number): HeadInput['weights'] {
  const rows = Array.from(ids, (id) => Array.from(values.subarray(id * width, (id + 1) * width)));
  return values instanceof Float32Array ? Float32Array.from(rows.flat()) : Float64Array.from(rows.flat());
}
