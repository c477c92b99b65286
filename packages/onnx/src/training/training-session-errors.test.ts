import { BackendError, OptionOutOfRangeError, ShapeMismatchError, StateMismatchError } from '@cf/core';
import { afterEach, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxGraphError, UnsupportedOperatorError } from '../errors.ts';
import type { TensorData } from '../model/tensor.ts';
import { smallImages, smallNet } from '../passes/testing.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import type { TrainingSessionOptions } from './options.ts';
import { disposeAll, elsewhere, onEachKernels, open, upstream } from './testing.ts';

afterEach(disposeAll);

onEachKernels(() => {
  describe('errors', () => {
    test('of order', async () => {
      const session = await open();
      await expect(session.backward(upstream(1, 1))).rejects.toThrow(/forward before it/);
      await expect(session.update(0.1)).rejects.toThrow(BackendError);
      const running = session.forward({
        values: smallImages(1, 1),
        shape: [1, 2, 4, 4],
        step: 0,
        position: 0,
      });
      await expect(
        session.forward({ values: smallImages(1, 1), shape: [1, 2, 4, 4], step: 0, position: 0 }),
      ).rejects.toThrow(/has ended/);
      await running;
      await session.backward(upstream(1, 1));
      await expect(session.backward(upstream(1, 1))).rejects.toThrow(/forward before it/);
      await session.dispose();
      await session.dispose();
      await expect(session.update(0.1)).rejects.toThrow(/disposed/);
      expect(() => session.state()).toThrow(/disposed/);
    });

    test('of shapes and numbers', async () => {
      const session = await open();
      await expect(
        session.forward({ values: smallImages(1, 1), shape: [1, 2, 4, 5], step: 0, position: 0 }),
      ).rejects.toThrow(/\[N, 2, 4, 4\]/);
      await expect(
        session.forward({ values: smallImages(1, 1), shape: [2, 2, 4, 4], step: 0, position: 0 }),
      ).rejects.toThrow(ShapeMismatchError);
      await expect(
        session.forward({ values: smallImages(1, 1), shape: [1, 2, 4, 4], step: -1, position: 0 }),
      ).rejects.toThrow(OptionOutOfRangeError);
      await session.forward({ values: smallImages(1, 1), shape: [1, 2, 4, 4], step: 0, position: 0 });
      await expect(session.backward(upstream(2, 1))).rejects.toThrow(ShapeMismatchError);
      await session.backward(upstream(1, 1));
      await expect(session.update(Number.NaN)).rejects.toThrow(/learningRate/);
    });

    test('of states, which change nothing', async () => {
      const session = await open();
      const before = session.state();
      const value = randomTensor('float32', [3], 1);
      const good: [string, TensorData] = ['conv.bias', value];
      expect(() => session.load({ weights: new Map([good, ['conv.bia', value]]) })).toThrow(
        StateMismatchError,
      );
      expect(() =>
        session.load({ weights: new Map([good, ['bn.weight', { ...value, dims: [1, 3] } as TensorData]]) }),
      ).toThrow(StateMismatchError);
      expect(() =>
        session.load({ weights: new Map([good]), optimiser: new Map([['momentum/x', value]]) }),
      ).toThrow(/momentum\/x/);
      expect(session.state()).toEqual(before);
      session.load({ weights: new Map([good]) });
      expect(session.weights().get('conv.bias')).toEqual(value);
    });

    test.each<[string, Partial<TrainingSessionOptions>, new (...args: never[]) => Error]>([
      ['seed', { seed: 0.5 }, OptionOutOfRangeError],
      ['threads', { threads: 0 }, OptionOutOfRangeError],
      ['activations', { activations: 'none' as 'saved' }, OptionOutOfRangeError],
      ['nothing', { freezeUntil: 'nothing' }, OnnxGraphError],
    ])('of options: %s', async (name, options, type) => {
      const opening = open(options);
      await expect(opening).rejects.toThrow(type);
      await expect(opening).rejects.toThrow(name);
    });

    test('of models', async () => {
      const builder = new GraphBuilder();
      const [a, b] = [builder.input('a', 'float32', ['N', 2]), builder.input('b', 'float32', ['N', 2])];
      builder.output(builder.op('Add', [a, b]), 'float32', ['N', 2]);
      await expect(open({ model: builder.build() })).rejects.toThrow(/'a' \(float32\), 'b' \(float32\)/);
      const unknown = GraphBuilder.extend(smallNet());
      unknown.output(unknown.op('Mystery', ['embedding'], {}, { domain: 'org.example' }), 'float32', [
        'N',
        3,
      ]);
      await expect(open({ model: unknown.build(), output: 'mystery' })).rejects.toThrow(
        UnsupportedOperatorError,
      );
      const images = GraphBuilder.extend(smallNet());
      images.output('conv', 'float32', ['N', 3, 4, 4]);
      await expect(open({ model: images.build(), output: 'conv' })).rejects.toThrow(/embeddings \[B, d\]/);
    });

    test('of the runtime, with its message', async () => {
      const failing: OnnxRuntime = {
        ...elsewhere,
        InferenceSession: { create: () => Promise.reject(new Error('no such provider')) },
      };
      await expect(open({ runtime: failing })).rejects.toThrow(/no such provider/);
      await expect(open({ runtime: failing })).rejects.toThrow(BackendError);
    });
  });
});
