import { readFileSync } from 'node:fs';
import { learnerOptimiser, sgd } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { decodeModel } from '../model/codec.ts';
import { graphOf, type Model } from '../model/model.ts';
import { readTensor, type TensorData } from '../model/tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { createTrainingSession } from '../training/create-training-session.ts';
import type { TrainingSession } from '../training/training-session.ts';
import { prepareModel } from './prepare-model.ts';

interface Numbers {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly name: string;
  /** The file, in base64. */
  readonly model: string;
  readonly data: Numbers;
  readonly seed: Numbers;
  /** Embeddings in evaluation mode, and in training mode. */
  readonly inference: Numbers;
  readonly training: Numbers;
  readonly parameters: Readonly<Record<string, { readonly value: Numbers; readonly gradient: Numbers }>>;
}

/** A parameter's gradient here, and that of PyTorch. */
type Pair = readonly [name: string, actual: TensorData, expected: Numbers];

const FILE = new URL('../../fixtures/pytorch-prepared.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(FILE, 'utf8')) as { cases: readonly Case[] };
const optimiser = learnerOptimiser({ rule: sgd({ momentum: 0.9 }) });

function floats({ dims, data }: Numbers): TensorData {
  return { type: 'float32', dims, data: Float32Array.from(data) };
}

/** Of the largest number. */
function distance(actual: ArrayLike<unknown>, expected: readonly number[]): number {
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return expected.reduce((most, x, i) => Math.max(most, Math.abs(Number(actual[i]) - x)), 0) / largest;
}

/** Rows and columns changed about. */
function transposed({ dims, data }: Numbers): Numbers {
  const [rows, columns] = dims as [number, number];
  return {
    dims: [columns, rows],
    data: data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
  };
}

const isEqual = (a: ArrayLike<unknown>, b: readonly number[]): boolean =>
  a.length === b.length && b.every((x, i) => Number(a[i]) === x);

/** Gradients of PyTorch's parameters: under their names, or those of the constants that folding made of them. */
function pairsOf({ parameters }: Case, model: Model, session: TrainingSession): readonly Pair[] {
  const gradients = session.gradients();
  // Equal values are those of merged weights, in the order of their layers.
  const taken = new Set<string>();
  const constants = new Map(graphOf(model).initializer.map((tensor) => [tensor.name, tensor]));
  return Object.entries(parameters).flatMap(([name, { value, gradient }]): readonly Pair[] => {
    const own = gradients.get(name);
    if (own !== undefined) return [[name, own, gradient]];
    for (const [other, found] of gradients) {
      const tensor = constants.get(other);
      if (other in parameters || tensor === undefined || taken.has(other)) continue;
      const { data } = readTensor(tensor);
      const isTurned = value.dims.length === 2 && isEqual(data, transposed(value).data);
      if (!isTurned && !isEqual(data, value.data)) continue;
      taken.add(other);
      return [[name, found, isTurned ? transposed(gradient) : gradient]];
    }
    return [];
  });
}

/** Weights that the exporter joins to those of ONNX's own operator, in another order of gates. */
const JOINED = /^lstm\./;

describe.each(cases)('$name, as PyTorch exports it for a batch of one', (given) => {
  const { model, notes } = prepareModel(decodeModel(Buffer.from(given.model, 'base64')));

  test('a batch embeds as in PyTorch, evaluated', async () => {
    expect(notes.map(({ kind }) => kind)).toContain('batch-freed');
    const session = await openModel(model);
    const { embedding } = await session.run({ data: floats(given.data) });
    await session.release();
    expect(embedding!.dims).toEqual(given.inference.dims);
    expect(distance(embedding!.data, given.inference.data)).toBeLessThan(1e-5);
  });

  test('every parameter has the gradient of PyTorch in training', async () => {
    const session = await createTrainingSession({ runtime, model, optimiser, threads: 1 });
    const values = Float32Array.from(given.data.data);
    const embeddings = await session.forward({ values, shape: given.data.dims, step: 0, position: 0 });
    expect(distance(embeddings, given.training.data)).toBeLessThan(1e-5);
    await session.backward(Float32Array.from(given.seed.data));
    const pairs = pairsOf(given, model, session);
    const all = Object.keys(given.parameters).filter((name) => !JOINED.test(name));
    expect(pairs.map(([name]) => name)).toEqual(expect.arrayContaining(all));
    const most = Math.max(...pairs.flatMap(([, , { data }]) => data.map(Math.abs)));
    for (const [name, actual, expected] of pairs) {
      // What is 0 but for rounding, such as the bias before a normalisation, is noise on both sides.
      if (expected.data.every((x) => Math.abs(x) < 1e-6 * most)) continue;
      expect(distance(actual.data, expected.data), `∂${name}`).toBeLessThan(1e-5);
    }
    await session.update(0.1);
    const inference = await openModel(session.exportModel());
    const { embedding } = await inference.run({ data: floats(given.data) });
    await Promise.all([inference.release(), session.dispose()]);
    expect(embedding!.dims).toEqual(given.inference.dims);
    expect(distance(embedding!.data, given.inference.data)).toBeGreaterThan(1e-3);
  });
});
