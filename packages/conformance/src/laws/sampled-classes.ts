import {
  type HeadInput,
  type HeadOutput,
  type SampledHeadOptions,
  sampleClasses,
  sampledHead,
} from '@cf/core';
import fc from 'fast-check';
import { kinkDistance } from '../oracle/kink-distance.ts';
import { requireSameBits } from './gradient-rows.ts';
import { type Law, problemLaw, requireSameOutput, stepOnce, type Trial } from './law.ts';

/** A head may see a part of the classes: drawn whole it is the full one, and drawn in part it is a head of those. */
export const sampleIsAHead: Law = problemLaw(
  'drawn classes are all that a head sees and hands over; all of them drawn, it is the full head, to the bit',
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
    // What the loss has of classes is of those that there are.
    if (Object.keys({ ...loss.classValues, ...loss.initialClassValues }).length > 0) return;
    const drawn = { count: 1 + (spec.seed % spec.classes), seed: spec.seed };
    const sampled = await sampledStep(trial, input, drawn);
    const { ids } = sampleClasses(input.labels, spec.classes, drawn, whole.state.values.step! - 1);
    const part = partOf(trial, input, ids);
    const alone = await stepOnce(backend, loss, part);
    requireSameOutput({ backend, loss, input: part }, ofPart(sampled, part, ids), alone);
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

function ofPart(output: HeadOutput, { bias, dim }: HeadInput, ids: Int32Array): HeadOutput {
  const { gradWeights, gradBias } = output;
  return {
    ...output,
    gradWeights: rowsOf(gradWeights, ids, dim),
    gradBias: gradBias && bias?.length === ids.length ? rowsOf(gradBias, ids, 1) : gradBias,
  };
}

function rowsOf(values: HeadInput['weights'], ids: Int32Array, width: number): HeadInput['weights'] {
  const rows = Array.from(ids, (id) => Array.from(values.subarray(id * width, (id + 1) * width)));
  return values instanceof Float32Array ? Float32Array.from(rows.flat()) : Float64Array.from(rows.flat());
}
