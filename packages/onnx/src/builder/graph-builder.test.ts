import { describe, expect, test } from 'vitest';
import { OnnxGraphError, OnnxOpsetError } from '../errors.ts';
import {
  attributeOf,
  floatAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../model/attributes.ts';
import { graphOf } from '../model/model.ts';
import { checkerAcceptsAll } from '../testing/checker-test.ts';
import { checkModel } from '../testing/onnx-checker.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { GraphBuilder } from './graph-builder.ts';

test('builds what onnxruntime computes', async () => {
  const builder = new GraphBuilder({ name: 'linear' });
  builder.input('x', 'float32', ['N', 2]);
  builder.initializer('w', { type: 'float32', dims: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
  builder.op('Gemm', ['x', 'w'], { alpha: { float: 0.5 }, transB: { int: 1 } }, { outputs: ['y'] });
  builder.output('y', 'float32', ['N', 2]);
  const model = builder.build();
  checkModel(model);
  const session = await openModel(model);
  const { y } = await session.run({ x: { type: 'float32', dims: [1, 2], data: Float32Array.of(2, 4) } });
  expect([...y!.data]).toEqual([5, 11]);
  await session.release();
});

test('attributes are read as they were written', () => {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', [1]);
  builder.op('Anything', ['x'], {
    int: { int: -3 },
    ints: { ints: [1, 2] },
    float: { float: 0.5 },
    floats: { floats: [0.5, 2] },
    string: { string: 'ä' },
  });
  const node = graphOf(builder.build()).node[0]!;
  expect(intAttribute(node, 'int', 0)).toBe(-3);
  expect(intsAttribute(node, 'ints')).toEqual([1, 2]);
  expect(floatAttribute(node, 'float', 0)).toBe(0.5);
  expect(attributeOf(node, 'floats')?.floats).toEqual([0.5, 2]);
  expect(stringAttribute(node, 'string', '')).toBe('ä');
  expect(intAttribute(node, 'none', 7)).toBe(7);
  expect(floatAttribute(node, 'none', 0.25)).toBe(0.25);
  expect(stringAttribute(node, 'none', 'NOTSET')).toBe('NOTSET');
  expect(intsAttribute(node, 'none')).toBeUndefined();
});

test('fresh names never meet given ones', () => {
  const builder = new GraphBuilder();
  builder.input('relu', 'float32', [1]);
  const names = [builder.op('Relu', ['relu']), builder.op('Relu', ['relu']), builder.uniqueName('relu')];
  expect(new Set(['relu', ...names]).size).toBe(4);
  const nodes = graphOf(builder.build()).node.map(({ name }) => name);
  expect(new Set(nodes).size).toBe(2);
});

test('goes on from a model without changing it, nor what was built before', () => {
  const first = new GraphBuilder();
  first.input('x', 'float32', [1]);
  const model = first.build();
  const more = GraphBuilder.extend(model);
  more.op('Relu', ['x']);
  const longer = more.build();
  more.op('Neg', ['x']);
  expect(graphOf(model).node).toHaveLength(0);
  expect(graphOf(longer).node).toHaveLength(1);
});

describe('refuses', () => {
  const builder = (): GraphBuilder => {
    const made = new GraphBuilder();
    made.input('x', 'float32', [1]);
    return made;
  };
  test.each<[string, (made: GraphBuilder) => unknown, RegExp]>([
    ['an input that does not exist', (made) => made.op('Relu', ['z']), /'z' in node 'Relu'/],
    [
      'a second value of one name',
      (made) => made.op('Relu', ['x'], {}, { outputs: ['x'] }),
      /second value 'x'/,
    ],
    ['a nameless value', (made) => made.input('', 'float32'), /without a name/],
    ['an output that does not exist', (made) => made.output('y', 'float32'), /'y' in the outputs/],
    [
      'an output twice',
      (made) => {
        made.output('x', 'float32');
        made.output('x', 'float32');
      },
      /'x' twice/,
    ],
    ['a taken constant', (made) => made.initializer('x', randomTensor('float32', [1], 1)), /second value/],
  ])('%s', (_, act, message) => {
    expect(() => act(builder())).toThrow(OnnxGraphError);
    expect(() => act(builder())).toThrow(message);
  });

  test('an unknown opset', () => {
    expect(() => new GraphBuilder({ opset: 99 })).toThrow(OnnxOpsetError);
  });
});

checkerAcceptsAll();
