import { tinyIresnet } from '@cf/backbones';
import { describe, expect, test } from 'vitest';
import { onnxModel } from '../../backbones/onnx-model.ts';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import type { Model } from '../../model/model.ts';
import type { TensorData } from '../../model/tensor.ts';
import { trainingForm } from '../../passes/training-form/training-form.ts';
import { randomTensor } from '../../testing/random-tensor.ts';
import type { Values } from '../../testing/run-model.ts';
import { Network } from './network.ts';
import { networkBytes, networkProgram } from './network-program.ts';
import { byGraphs, byOneDnn, needsOneDnn, oneDnn, worst } from './testing/compare.ts';
import { type AddWeight, constant, normalised, PADDED } from './testing/network-parts.ts';

/** A network, whose inputs are its weights as well. */
type Write = (builder: GraphBuilder, weight: AddWeight, x: string) => string;

const NETWORKS: Readonly<Record<string, Write>> = {
  'a normalisation and the ReLU that alone reads it': (builder, weight, x) =>
    builder.op('Relu', [
      normalised(builder, 'bn', builder.op('Conv', [x, weight('w', [7, 3, 3, 3])]), weight, 7),
    ]),
  'a normalisation that others read as well': (builder, weight, x) => {
    const y = normalised(builder, 'bn', builder.op('Conv', [x, weight('w', [7, 3, 3, 3])]), weight, 7);
    return builder.op('Add', [builder.op('Relu', [y]), y]);
  },
  'normalisations of channels that do not fill a block': (builder, weight, x) => {
    let y = builder.op('Conv', [x, weight('w1', [7, 3, 1, 1])]);
    for (const [i, [from, to]] of (
      [
        [7, 1],
        [1, 24],
        [24, 40],
      ] as const
    ).entries()) {
      y = builder.op('Conv', [y, weight(`w${i + 2}`, [to, from, 3, 3])], PADDED);
      y = builder.op('Tanh', [normalised(builder, `n${i}`, y, weight, to)]);
    }
    return y;
  },
  'a residual block with a shortcut': (builder, weight, x) => {
    let y = builder.op('Conv', [normalised(builder, 'a', x, weight, 3), weight('w1', [16, 3, 3, 3])], PADDED);
    y = builder.op('PRelu', [normalised(builder, 'b', y, weight, 16), weight('slope', [16, 1, 1])]);
    y = builder.op('Conv', [y, weight('w2', [16, 16, 3, 3])], { ...PADDED, strides: { ints: [2, 2] } });
    const shortcut = builder.op('Conv', [x, weight('w3', [16, 3, 1, 1])], { strides: { ints: [2, 2] } });
    return builder.op('Add', [
      normalised(builder, 'c', y, weight, 16),
      normalised(builder, 'd', shortcut, weight, 16),
    ]);
  },
  'squeeze and excitation': (builder, weight, x) => {
    const y = builder.op('Conv', [x, weight('w', [5, 3, 3, 3])], PADDED);
    const mean = builder.op('GlobalAveragePool', [y]);
    const gate = builder.op('Sigmoid', [
      builder.op('Conv', [mean, weight('gate', [5, 5, 1, 1]), weight('b', [5])]),
    ]);
    return builder.op('Mul', [y, gate]);
  },
  'squeeze and excitation of channels in blocks, with a factor a channel': (builder, weight, x) => {
    const y = builder.op('Conv', [x, weight('w', [16, 3, 3, 3])], PADDED);
    const gate = builder.op('Sigmoid', [
      builder.op('Conv', [builder.op('GlobalAveragePool', [y]), weight('g', [16, 16, 1, 1])]),
    ]);
    const scaled = builder.op('Mul', [weight('gamma', [16, 1, 1]), builder.op('Mul', [y, gate])]);
    return builder.op('Add', [scaled, weight('beta', [1])]);
  },
  'one weight that two layers read': (builder, weight, x) => {
    const shared = weight('w', [3, 3, 3, 3]);
    return builder.op(
      'Conv',
      [builder.op('Tanh', [builder.op('Conv', [x, shared], PADDED)]), shared],
      PADDED,
    );
  },
  'weights that a convolution computes': (builder, weight, x) => {
    const y = builder.op('Conv', [x, weight('w', [16, 3, 3, 3])], PADDED);
    const computed = builder.op('Conv', [weight('a', [16, 16, 3, 3]), weight('b', [16, 16, 1, 1])]);
    return builder.op('Conv', [y, computed], PADDED);
  },
  'depthwise, then over the whole picture, then a product': (builder, weight, x) => {
    let y = builder.op('Conv', [x, weight('dw', [3, 1, 3, 3])], { ...PADDED, group: { int: 3 } });
    y = builder.op('Conv', [y, weight('whole', [3, 1, 7, 5])], { group: { int: 3 } });
    y = normalised(builder, 'flat', builder.op('Flatten', [y]), weight, 3);
    return builder.op('Gemm', [y, weight('fc', [4, 3]), weight('bias', [4])], { transB: { int: 1 } });
  },
  'channels that are shuffled': (builder, weight, x) => {
    const y = builder.op('Conv', [x, weight('w', [6, 3, 3, 3])], PADDED);
    const shape = (...sizes: readonly number[]): string =>
      builder.constant({ type: 'int64', dims: [sizes.length], data: BigInt64Array.from(sizes, BigInt) });
    const groups = builder.op('Reshape', [y, shape(0, 2, 3, 7, 5)]);
    const turned = builder.op('Transpose', [groups], { perm: { ints: [0, 2, 1, 3, 4] } });
    const shuffled = builder.op('Reshape', [turned, shape(0, 6, 7, 5)]);
    return builder.op('Conv', [shuffled, weight('w2', [4, 6, 1, 1])]);
  },
  'parts of channels, one of which nobody reads': (builder, weight, x) => {
    const y = builder.op('Conv', [x, weight('w', [7, 3, 3, 3])], PADDED);
    const sizes = builder.constant({ type: 'int64', dims: [3], data: BigInt64Array.of(2n, 4n, 1n) });
    builder.op('Split', [y, sizes], { axis: { int: 1 } }, { outputs: ['first', 'second', 'third'] });
    const number = (value: bigint): string =>
      builder.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(value) });
    const inner = builder.op('Slice', ['second', number(-3n), number(3n), number(1n)]);
    return builder.op('Concat', [builder.op('Relu', ['first']), x, inner], { axis: { int: 1 } });
  },
  'a gradient that three branches add to': (builder, weight, x) => {
    const y = builder.op('Conv', [x, weight('w', [17, 3, 3, 3])], PADDED);
    const parts = [builder.op('Relu', [y]), builder.op('Tanh', [y]), builder.op('Mul', [y, y])];
    return builder.op('Add', [builder.op('Add', parts.slice(0, 2)), parts[2]!]);
  },
};

describe('layers together give what the graphs give', () => {
  for (const [name, write] of Object.entries(NETWORKS))
    test.skipIf(oneDnn === undefined).each([1, 2, 7])(`${name}, batch %i${needsOneDnn}`, async (batch) => {
      const { model, inputs } = network(write, batch);
      const wrt = Object.keys(inputs);
      let seed = new Float32Array();
      const given = { model, of: 'result', wrt, inputs };
      const expected = await byGraphs(given, ({ data }) => {
        seed = Float32Array.from(data as Float32Array, (_, k) => Math.sin(2.3 * k + 1));
        return seed;
      });
      const actual = await byOneDnn(oneDnn!, given, seed);
      // What is computed again has the same bits.
      expect(await byOneDnn(oneDnn!, given, seed, false)).toEqual(actual);
      expect(worst(actual.output, expected.output)).toBeLessThan(1e-5);
      // What cancels out, as a shift before a normalisation, has no size of its own.
      const scale = Math.max(
        ...[...expected.gradients.values()].map((values) => Math.max(...values.map(Math.abs))),
      );
      for (const [of, gradient] of expected.gradients)
        expect(
          worst(
            Float32Array.of(...actual.gradients.get(of)!, scale / 100),
            Float32Array.of(...gradient, scale / 100),
          ),
          `gradient of ${of}`,
        ).toBeLessThan(5e-5);
    });
});

test.skipIf(oneDnn === undefined)(`what oneDNN computes otherwise is refused${needsOneDnn}`, async () => {
  const bound = (builder: GraphBuilder, value: number): string =>
    builder.constant({ type: 'float32', dims: [], data: Float32Array.of(value) });
  const refused: readonly (readonly [Write, string])[] = [
    [(builder, _, x) => builder.op('Clip', [x, bound(builder, 1), bound(builder, 0)]), 'a lower bound'],
    [
      (builder, weight, x) => {
        const fixed = [constant(builder, 3, 0), constant(builder, 3, 1)];
        const inputs = [x, weight('scale', [3]), weight('shift', [3]), ...fixed];
        const attributes = { training_mode: { int: 1 }, epsilon: { float: 0 } };
        return builder.op('BatchNormalization', inputs, attributes, { outputs: ['y', 'mean', 'variance'] });
      },
      'an epsilon above 0',
    ],
  ];
  for (const [write, expected] of refused) {
    const { model, inputs } = network(write, 2);
    const given = { model, of: 'result', wrt: ['x'], inputs };
    await expect(byOneDnn(oneDnn!, given, new Float32Array(210))).rejects.toThrow(expected);
  }
});

function network(write: Write, batch: number): { readonly model: Model; readonly inputs: Values } {
  const builder = new GraphBuilder({ opset: 17 });
  const inputs: Record<string, TensorData> = {};
  const input = (name: string, dims: readonly number[]): string => {
    if (inputs[name] !== undefined) return name;
    inputs[name] = randomTensor('float32', dims, Object.keys(inputs).length + 1);
    return builder.input(name, 'float32', dims);
  };
  const y = write(builder, input, input('x', [batch, 3, 7, 5]));
  builder.op('Identity', [y], {}, { outputs: ['result'] });
  builder.output('result', 'float32', undefined);
  return { model: builder.build(), inputs };
}

test.skipIf(oneDnn === undefined)(
  `memory is told before it is taken, and what is not kept is less${needsOneDnn}`,
  () => {
    const form = trainingForm(onnxModel(tinyIresnet()));
    const network = (): Network => new Network(form, 'data', [8, 3, 56, 56]);
    const [kept, again] = [true, false].map((keepsAll) => {
      const { program } = networkProgram(oneDnn!, network(), keepsAll);
      const { bytes } = program;
      program.release();
      const told = networkBytes(oneDnn!, network(), keepsAll);
      // What primitives work in comes on top.
      expect(bytes).toBeGreaterThanOrEqual(told);
      expect(bytes - told).toBeLessThan(2 ** 25);
      return bytes;
    }) as [number, number];
    expect(again).toBeLessThan(0.8 * kept);
  },
);
