import { learnerOptimiser, sgd } from '@cf/training';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import { tensorsOf } from '../../model/map-model.ts';
import { graphOf, type Model } from '../../model/model.ts';
import { readTensor } from '../../model/tensor.ts';
import { declaredType } from '../../model/value-info.ts';
import { createTrainingSession } from '../../training/create-training-session.ts';
import { prepareModel } from '../prepare-model.ts';
import { smallImages, smallNet } from '../testing.ts';
import { fromFloat32 } from './from-float32.ts';
import { distance, embed, operators, rounded, types } from './testing.ts';
import { toFloat32 } from './to-float32.ts';

test.each(['float16', 'bfloat16'] as const)(
  'every one of the 65536 numbers of %s is the same there and back',
  (type) => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const b = new GraphBuilder();
    b.initializer('w', { type, dims: [65536], data: bits });
    b.output(b.op('Identity', ['w']), type, [65536]);
    const wide = toFloat32(b.build()).model;
    expect(types(wide)).toEqual(['float32']);
    expect(declaredType(graphOf(wide).output[0]!)).toBe('float32');
    const [tensor] = graphOf(fromFloat32(wide, type).model).initializer;
    const back = readTensor(tensor!).data as Uint16Array;
    const infinity = type === 'float16' ? 0x7c00 : 0x7f80;
    const isNumber = (half: number): boolean => (half & 0x7fff) <= infinity;
    expect(back.filter((_, i) => isNumber(i))).toEqual(bits.filter(isNumber));
    expect(back.filter((_, i) => !isNumber(i)).every((half) => !isNumber(half))).toBe(true);
  },
);

test.each([
  ['float16', true],
  ['float16', false],
  ['bfloat16', true],
] as const)(
  'a network in %s runs in onnxruntime and is the float32 one with rounded weights (inputs stay: %s)',
  async (type, keepIo) => {
    const model = smallNet({ dropout: 0.1 });
    const { model: half, notes } = fromFloat32(model, type, { keepIo });
    expect(notes).toEqual([]);
    const isScalar = new Set(
      graphOf(model)
        .initializer.filter(({ dims }) => dims.length === 0)
        .map(({ name }) => name),
    );
    const expected = rounded(model, type, (name) => type === 'float16' || !isScalar.has(name));
    const back = toFloat32(half).model;
    expect(operators(back)).toEqual(operators(model));
    expect(graphOf(back).node.map(({ input, output }) => [input, output])).toEqual(
      graphOf(model).node.map(({ input, output }) => [input, output]),
    );
    expect(tensorsOf(back).map((tensor) => readTensor(tensor))).toEqual(
      tensorsOf(expected).map((tensor) => readTensor(tensor)),
    );
    expect(declaredType(graphOf(half).input[0]!)).toBe(keepIo ? 'float32' : 'float16');
    expect(declaredType(graphOf(half).output[0]!)).toBe(keepIo ? 'float32' : 'float16');
    if (keepIo)
      expect(distance(await embed(half), await embed(expected))).toBeLessThan(
        type === 'float16' ? 2e-2 : 1e-6,
      );
    expect(await embed(back)).toEqual(await embed(expected));
  },
);

test('a float16 file trains, as its float32 twin does to the bit', async () => {
  const runtime = await import('onnxruntime-node');
  const optimiser = learnerOptimiser({ rule: sgd({ momentum: 0.9 }) });
  const train = async (model: Model): Promise<unknown> => {
    const session = await createTrainingSession({ runtime, model, optimiser, threads: 1 });
    await session.forward({ values: smallImages(2, 5), shape: [2, 2, 4, 4], step: 0, position: 0 });
    await session.backward(new Float32Array(6).fill(1));
    const gradients = session.gradients();
    await session.update(0.1);
    const exported = session.exportModel();
    await session.dispose();
    return [gradients, types(exported), tensorsOf(exported).map((tensor) => readTensor(tensor).data)];
  };
  const half = fromFloat32(smallNet(), 'float16', { keepIo: false }).model;
  const expected = await train(rounded(smallNet(), 'float16'));
  expect(await train(half)).toEqual(expected);
  const prepared = prepareModel(half);
  expect(prepared.notes[0]).toMatchObject({ kind: 'half-precision' });
  expect(await train(prepared.model)).toEqual(expected);
});
