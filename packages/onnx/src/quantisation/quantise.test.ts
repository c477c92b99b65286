import * as runtime from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { graphOf, type Model } from '../model/model.ts';
import { readTensor } from '../model/tensor.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { type CalibrationBatch, calibrate } from './calibrate.ts';
import { RANGE_METHODS } from './choose-range.ts';
import { equalised } from './equalised.ts';
import { foldedNormalizations } from './folded-normalizations.ts';
import { quantise } from './quantise.ts';

const SIDE = 6;

/** A network with each kind of layer that is quantised, a branch, and a last layer in two forms. */
function network({
  channels = 4,
  opset = 17,
  weight = 1,
}: {
  channels?: number;
  opset?: number;
  weight?: number;
} = {}): Model {
  const graph = new GraphBuilder({ opset });
  let seed = 1;
  const random = (name: string, dims: readonly number[], map?: (u: number) => number): string =>
    graph.initializer(name, randomTensor('float32', dims, seed++, map));
  const norm = (x: string, name: string, c: number): string =>
    graph.op(
      'BatchNormalization',
      [
        x,
        random(`${name}.weight`, [c], (u) => u + 0.5),
        random(`${name}.bias`, [c]),
        random(`${name}.mean`, [c]),
        random(`${name}.variance`, [c], (u) => u + 0.1),
      ],
      {},
      { name },
    );
  const conv = (x: string, name: string, inputs: number, group = 1, bias = false): string =>
    graph.op(
      'Conv',
      [
        x,
        random(`${name}.weight`, [channels, inputs / group, 3, 3], (u) => weight * (u - 0.5)),
        ...(bias ? [random(`${name}.bias`, [channels])] : []),
      ],
      { pads: { ints: [1, 1, 1, 1] }, group: { int: group } },
      { name },
    );
  graph.input('data', 'float32', ['N', 3, SIDE, SIDE]);
  const first = graph.op('Relu', [norm(conv('data', 'first', 3, 1, true), 'first.norm', channels)]);
  const slopes = random('slope', [channels, 1, 1], (u) => u / 2);
  const deep = graph.op('PRelu', [
    norm(conv(first, 'deep', channels, channels), 'deep.norm', channels),
    slopes,
  ]);
  const sum = graph.op('Add', [first, conv(deep, 'plain', channels)]);
  const flat = graph.op('Flatten', [norm(sum, 'sum.norm', channels)]);
  const gemm = graph.op(
    'Gemm',
    [flat, random('gemm.weight', [8, channels * SIDE * SIDE]), random('gemm.bias', [8])],
    { transB: { int: 1 } },
    { name: 'gemm' },
  );
  graph.op(
    'MatMul',
    [norm(gemm, 'gemm.norm', 8), random('last.weight', [8, 5])],
    {},
    { name: 'last', outputs: ['embedding'] },
  );
  graph.output('embedding', 'float32', ['N', 5]);
  return graph.build();
}

const pictures = (count: number, seed: number): CalibrationBatch => {
  const { data, dims } = randomTensor('float32', [count, 3, SIDE, SIDE], seed);
  return { data: data as Float32Array, dims };
};
const on = { runtime: runtime as OnnxRuntime, threads: 1 };

async function embeddings(
  model: Model,
  { data, dims }: CalibrationBatch,
  isVerbatim?: boolean,
): Promise<Float32Array> {
  const session = await openModel(model, isVerbatim);
  const { embedding } = await session.run({ data: { type: 'float32', dims, data } });
  await session.release();
  return embedding!.data as Float32Array;
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, v, i) => sum + v * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

const operators = (model: Model): readonly string[] => graphOf(model).node.map(({ opType }) => opType);

describe('a quantised model', () => {
  it('has normalisations in the weights before them, with the same results', async () => {
    const model = network();
    const folded = foldedNormalizations(model);
    expect(operators(folded).filter((op) => op === 'BatchNormalization')).toHaveLength(1);
    const [is, was] = [await embeddings(folded, pictures(2, 9)), await embeddings(model, pictures(2, 9))];
    for (const [i, x] of is.entries()) expect(Math.abs(x - was[i]!)).toBeLessThan(1e-5 * (1 + Math.abs(x)));
  });

  it('gives nearly the same embeddings, by every way to choose ranges, fused by the runtime or node by node', async () => {
    const model = network();
    const test = pictures(8, 99);
    const float = await embeddings(model, test);
    for (const method of RANGE_METHODS) {
      const calibration = await calibrate(model, {
        ...on,
        samples: [pictures(16, 5), pictures(8, 6)],
        method,
      });
      const { model: bytes, layers } = quantise(model, { calibration });
      expect(layers).toEqual(['first', 'deep', 'plain', 'gemm', 'last']);
      expect(cosine(float, await embeddings(bytes, test)), method).toBeGreaterThan(0.997);
      expect(cosine(float, await embeddings(bytes, test, true)), method).toBeGreaterThan(0.997);
    }
  });

  it('holds weights of layers in bytes alone, of the type that is asked for, and what is kept in float32', async () => {
    const model = network();
    const calibration = await calibrate(model, { ...on, samples: [pictures(16, 5)] });
    for (const weights of ['uint8', 'int8'] as const) {
      const { model: bytes, layers, floatLayers } = quantise(model, { calibration, weights, keep: ['deep'] });
      expect(layers).toEqual(['first', 'plain', 'gemm', 'last']);
      expect(floatLayers).toContainEqual({ name: 'deep', kind: 'Conv' });
      const large = graphOf(bytes)
        .initializer.map(readTensor)
        .filter(({ dims }) => dims.length > 1 && dims.at(-1) !== 1);
      expect(large.map(({ type }) => type).toSorted()).toEqual(['float32', ...layers.map(() => weights)]);
      expect(
        cosine(await embeddings(model, pictures(4, 7)), await embeddings(bytes, pictures(4, 7))),
      ).toBeGreaterThan(0.999);
    }
  });

  it('takes one channel, weights of zeros, constant activations and files of old opsets', async () => {
    for (const model of [network({ channels: 1 }), network({ weight: 0 }), network({ opset: 11 })]) {
      for (const samples of [
        [pictures(8, 5)],
        [{ dims: [1, 3, SIDE, SIDE], data: new Float32Array(3 * SIDE * SIDE).fill(0.7) }],
      ]) {
        const calibration = await calibrate(model, { ...on, samples });
        const { model: bytes } = quantise(model, { calibration });
        const [sample] = samples as [CalibrationBatch];
        expect(cosine(await embeddings(model, sample), await embeddings(bytes, sample))).toBeGreaterThan(
          0.99,
        );
      }
    }
  });
});

describe('channels of one size', () => {
  it('compute the same, and lose less where they were of many sizes', async () => {
    const graph = new GraphBuilder();
    graph.input('data', 'float32', ['N', 3, SIDE, SIDE]);
    const sizes = [1, 30, 2, 60, 5, 1.5];
    let seed = 20;
    const conv = (x: string, inputs: number, group: number, power: number): string => {
      const weight = randomTensor('float32', [6, inputs, 3, 3], seed++);
      const data = (weight.data as Float32Array).map(
        (w, i) => w * sizes[Math.floor(i / (9 * inputs))]! ** power,
      );
      const names = [x, graph.constant({ type: 'float32', dims: weight.dims, data })];
      return graph.op('Conv', names, { pads: { ints: [1, 1, 1, 1] }, group: { int: group } });
    };
    const slopes = graph.constant(randomTensor('float32', [6, 1, 1], 7));
    const wide = graph.op('PRelu', [conv('data', 3, 1, 1), slopes]);
    const deep = graph.op('Relu', [conv(wide, 1, 6, 0)]);
    // Each channel counts: those that are large are read by small weights.
    const last = conv(deep, 1, 6, -1);
    graph.op('Flatten', [last], {}, { outputs: ['embedding'] });
    graph.output('embedding', 'float32', ['N', 6 * SIDE * SIDE]);
    const model = graph.build();
    const test = pictures(4, 9);
    const float = await embeddings(model, test);
    const lost = async (equalise: boolean): Promise<number> => {
      const calibration = await calibrate(model, { ...on, samples: [pictures(8, 5)], equalise });
      expect(calibration.factors.size).toBe(equalise ? 2 : 0);
      if (equalise) {
        const same = await embeddings(equalised(model, calibration.factors), test);
        for (const [i, x] of same.entries()) expect(Math.abs(x - float[i]!)).toBeLessThan(1e-4);
      }
      return 1 - cosine(float, await embeddings(quantise(model, { calibration }).model, test));
    };
    const [level, uneven] = [await lost(true), await lost(false)];
    expect(level).toBeLessThan(0.001);
    expect(uneven).toBeGreaterThan(10 * level);
  });
});

describe('what is refused', () => {
  const samples = [pictures(4, 5)];

  it('is what is quantised already, or has no layer for it, or several inputs', async () => {
    const model = network();
    const calibration = await calibrate(model, { ...on, samples });
    const { model: bytes } = quantise(model, { calibration });
    expect(() => quantise(bytes, { calibration })).toThrow(/\(QuantizeLinear\), expected a model of float32/);
    const empty = new GraphBuilder();
    empty.input('data', 'float32', ['N', 3]);
    empty.output(empty.op('Relu', ['data']), 'float32', ['N', 3]);
    await expect(calibrate(empty.build(), { ...on, samples })).rejects.toThrow(/without a layer to quantise/);
    const two = GraphBuilder.extend(model);
    two.input('more', 'float32', ['N', 5]);
    two.output(two.op('Add', ['embedding', 'more']), 'float32', ['N', 5]);
    await expect(calibrate(two.build(), { ...on, samples })).rejects.toThrow(/2 inputs/);
  });

  it('is a calibration of another model, no samples, those that end in NaN, and a layer that is none', async () => {
    const model = network();
    expect(() => quantise(model, { calibration: { ranges: new Map(), factors: new Map() } })).toThrow(
      /calibration without value 'data'/,
    );
    await expect(calibrate(model, { ...on, samples: [] })).rejects.toThrow(/no samples/);
    const nan = { dims: [1, 3, SIDE, SIDE], data: new Float32Array(3 * SIDE * SIDE).fill(Number.NaN) };
    await expect(calibrate(model, { ...on, samples: [nan] })).rejects.toThrow(
      /value '\w+', which is not finite on a sample/,
    );
    const calibration = await calibrate(model, { ...on, samples });
    expect(() => quantise(model, { calibration, keep: ['frist'] })).toThrow(/layer 'frist' to be kept/);
    expect(() => quantise(model, { calibration, weights: 'int4' as 'int8' })).toThrow(/weights/);
  });
});
