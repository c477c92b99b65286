import { CfError, curricularFace, type HeadInput, softmax, sphereFace2 } from '@cf/core';
import { type Law, stepOnce } from './law.ts';

const good: HeadInput = {
  embeddings: Float64Array.of(1, 2, 3, 4),
  weights: Float64Array.of(1, 0, 0, 1, 1, 1),
  labels: [0, 2],
  dim: 2,
};

/** A bad batch, the code it must be refused with, and what the message must name. */
const BAD: readonly { readonly input: HeadInput; readonly code: string; readonly names: string }[] = [
  { input: { ...good, labels: [0, 3] }, code: 'E_LABEL_RANGE', names: 'labels[1] = 3' },
  { input: { ...good, labels: [-1, 0] }, code: 'E_LABEL_RANGE', names: 'labels[0] = -1' },
  { input: { ...good, labels: [0.5, 0] }, code: 'E_LABEL_RANGE', names: 'labels[0] = 0.5' },
  { input: { ...good, labels: [0] }, code: 'E_SHAPE', names: 'embeddings of length 4' },
  { input: { ...good, labels: [] }, code: 'E_SHAPE', names: 'labels of length 0' },
  { input: { ...good, weights: Float64Array.of(1, 2, 3) }, code: 'E_SHAPE', names: 'weights of length 3' },
  { input: { ...good, bias: Float64Array.of(0, 0, 0) }, code: 'E_SHAPE', names: 'bias' },
  { input: { ...good, sampleWeights: [1] }, code: 'E_SHAPE', names: 'sampleWeights of length 1' },
  { input: { ...good, sampleWeights: [1, -1] }, code: 'E_OPTION_RANGE', names: 'sampleWeights[1] = -1' },
  {
    input: { ...good, embeddings: Float64Array.of(1, Number.NaN, 3, 4) },
    code: 'E_NON_FINITE',
    names: 'embeddings[1] = NaN',
  },
  {
    input: { ...good, weights: Float64Array.of(1, 0, 0, 1, 1, Number.POSITIVE_INFINITY) },
    code: 'E_NON_FINITE',
    names: 'weights[5] = Infinity',
  },
  {
    input: { ...good, state: { loss: 'arcface', values: {} } },
    code: 'E_STATE_MISMATCH',
    names: "'arcface'",
  },
  { input: { ...good, state: { loss: 'curricularface', values: {} } }, code: 'E_STATE_MISMATCH', names: 't' },
  { input: { ...good, step: 1 }, code: 'E_STATE_MISMATCH', names: 'no state' },
  {
    input: { ...good, step: 3, state: { loss: 'curricularface', values: { step: 2, t: 0 } } },
    code: 'E_STATE_MISMATCH',
    names: 'the state after 2 steps',
  },
];

/** Bad input is refused before anything is computed, by code and with what was given. */
export const badInputIsNamed: Law = {
  name: 'bad input is refused with its code and what was given (labels, shapes, sub-centers, non-finite numbers, weights, state)',
  async check({ backend }) {
    for (const { input, code, names } of BAD) {
      await requireError(() => stepOnce(backend, curricularFace(), input), code, names);
    }
    await requireError(() => stepOnce(backend, softmax(), good), 'E_SHAPE', 'bias');
    const shared = { ...good, bias: Float64Array.of(0, 0, 0) };
    await requireError(() => stepOnce(backend, sphereFace2(), shared), 'E_SHAPE', 'bias of length 3');
    const none = { subCenters: 0 };
    await requireError(
      () => stepOnce(backend, curricularFace(), good, none),
      'E_OPTION_RANGE',
      'subCenters = 0',
    );
    const two = { subCenters: 2 };
    await requireError(() => stepOnce(backend, curricularFace(), good, two), 'E_SHAPE', 'classes · 2');
  },
};

async function requireError(run: () => Promise<unknown>, code: string, names: string): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof CfError && error.code === code && error.message.includes(names)) return;
    throw new Error(`expected ${code} naming '${names}', but it threw: ${String(error)}`, { cause: error });
  }
  throw new Error(`expected ${code} naming '${names}', but nothing was thrown`);
}
