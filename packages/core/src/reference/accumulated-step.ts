import { ShapeMismatchError } from '../errors/errors.ts';
import { checkInput } from '../head/check-input.ts';
import type { HeadInput, HeadOptions, HeadOutput } from '../head/contract.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { referenceStep } from './reference-step.ts';

/** One optimiser step over several micro-batches. */
export interface AccumulatedOutput extends Omit<HeadOutput, 'losses' | 'gradEmbeddings' | 'inspection'> {
  /** What belongs to each micro-batch, in their order. */
  readonly outputs: readonly Pick<HeadOutput, 'losses' | 'gradEmbeddings' | 'inspection'>[];
}

/**
 * Gradient accumulation: one optimiser step over micro-batches that share the class centers, exactly as if they were
 * one batch, which here they become. t and every other statistic move once, from all of them, before any loss is
 * computed; OHEM chooses among all samples; losses and gradients are of the mean over all.
 *
 * @param inputs micro-batches with the same weights, bias, state and mode; sizes may differ.
 * @throws ShapeMismatchError if they do not share these, and as `referenceStep`
 */
export function accumulatedStep(
  loss: MarginLoss,
  inputs: readonly HeadInput[],
  options: HeadOptions = {},
): AccumulatedOutput {
  requireShared(inputs);
  // W once, with the whole batch.
  const { subCenters = 1 } = options;
  const checked = inputs.map((input) => checkInput(loss, input, { checkFinite: false, subCenters }));
  const output = referenceStep(loss, joined(inputs), options);
  const { losses, gradEmbeddings, inspection, ...shared } = output;
  let end = 0;
  const outputs = checked.map(({ batch, dim, classes }) => {
    const start = end;
    end += batch;
    const rows = <Values extends HeadOutput['losses']>(values: Values, width: number): Values =>
      values.slice(start * width, end * width) as Values;
    return {
      losses: rows(losses, 1),
      gradEmbeddings: rows(gradEmbeddings, dim),
      inspection: inspection && {
        logits: rows(inspection.logits, classes),
        gradLogits: rows(inspection.gradLogits, classes),
      },
    };
  });
  return { ...shared, outputs };
}

/** All micro-batches as one batch. Samples without a key of their own are keyed by their position in it. */
function joined(inputs: readonly HeadInput[]): HeadInput {
  const first = inputs[0]!;
  const total = inputs.reduce((sum, { labels }) => sum + labels.length, 0);
  const positions = Float64Array.from({ length: total }, (_, i) => i);
  let end = 0;
  const keys = inputs.map(({ labels, sampleKeys }) => {
    const start = end;
    end += labels.length;
    return sampleKeys ?? positions.subarray(start, end);
  });
  const ones = (input: HeadInput): Float64Array => new Float64Array(input.labels.length).fill(1);
  return {
    ...first,
    embeddings: concatenate(inputs.map(({ embeddings }) => embeddings)),
    labels: concatenate(inputs.map(({ labels }) => labels)),
    sampleWeights: concatenate(inputs.map((input) => input.sampleWeights ?? ones(input))),
    sampleKeys: concatenate(keys),
    ...(first.draws === undefined ? {} : { draws: concatenate(inputs.map(({ draws }) => draws!)) }),
  };
}

function concatenate(parts: readonly ArrayLike<number>[]): Float64Array {
  const out = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const SHARED = ['weights', 'bias', 'dim', 'state', 'mode', 'draws'] as const;

function requireShared(inputs: readonly HeadInput[]): void {
  if (inputs.length === 0)
    throw new ShapeMismatchError('0 micro-batches', 'at least one', 'pass one input a micro-batch.');
  for (const [index, input] of inputs.entries()) {
    for (const name of SHARED) {
      if (shares(name, input, inputs[0]!)) continue;
      throw new ShapeMismatchError(
        `another ${name} in micro-batch ${index}`,
        `the same ${name} in all`,
        'build all inputs from one step.',
      );
    }
  }
}

function shares(name: (typeof SHARED)[number], a: HeadInput, b: HeadInput): boolean {
  if (name === 'draws') return (a.draws === undefined) === (b.draws === undefined);
  if (name === 'mode') return (a.mode ?? 'train') === (b.mode ?? 'train');
  if (name === 'state') return JSON.stringify(a.state) === JSON.stringify(b.state);
  return a[name] === b[name];
}
