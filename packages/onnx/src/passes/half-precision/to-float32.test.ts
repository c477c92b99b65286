import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import { ValueInfoProtoSchema } from '../../model/messages/onnx_pb.js';
import { graphOf, type Model } from '../../model/model.ts';
import { declaredType } from '../../model/value-info.ts';
import { withFields } from '../../model/with-fields.ts';
import { openModel } from '../../testing/run-model.ts';
import { smallImages, smallNet } from '../testing.ts';
import { embed, operators } from './testing.ts';
import { toFloat32 } from './to-float32.ts';

describe('to float32', () => {
  test('a model without half types is the same object', () => {
    const model = smallNet();
    expect(toFloat32(model)).toEqual({ model, notes: [] });
    expect(toFloat32(model).model).toBe(model);
  });

  test.each([
    ['float16', 10, 0x3c00, 0xfbff, -65503],
    ['bfloat16', 16, 0x3f80, 0xc780, -65535],
  ] as const)(
    'casts to and from integers stay, and types that operators name change: %s',
    async (type, code, one, least, sum) => {
      const b = new GraphBuilder();
      b.input('data', type, ['N', 2, 4, 4]);
      const wide = b.op('Cast', ['data'], { to: { int: 1 } });
      const narrow = b.op('Cast', [wide], { to: { int: code } });
      const whole = b.op('Cast', [narrow], { to: { int: 7 } });
      const counted = b.op('Cast', [whole], { to: { int: code } });
      const sizes = b.op('Cast', [b.op('Shape', [counted])], { to: { int: code } });
      const shape = b.op('Cast', [sizes], { to: { int: 7 } });
      const zeros = b.op('ConstantOfShape', [shape], {
        value: { tensor: { type, dims: [1], data: Uint16Array.of(one) } },
      });
      const noise = b.op('RandomUniformLike', [zeros], {
        dtype: { int: code },
        low: { float: 0 },
        high: { float: 0 },
      });
      const masked = b.op('Add', [
        noise,
        b.initializer('m', { type, dims: [1], data: Uint16Array.of(least) }),
      ]);
      const like = b.op('CastLike', [masked, zeros]);
      b.output(b.op('Sum', [like, zeros, counted], {}, { outputs: ['embedding'] }), type, ['N', 2, 4, 4]);
      const { model } = toFloat32(b.build());
      expect(operators(model).filter((name) => name === 'Cast')).toHaveLength(4);
      const result = await embed(model);
      expect(result).toEqual(smallImages(2, 5).map((x) => Math.fround(Math.trunc(x) + sum)));
    },
  );

  test('a cast that another node reads goes, also where the next one gives the output', async () => {
    const b = new GraphBuilder();
    const half = b.op('Cast', [b.input('data', 'float32', ['N', 2, 4, 4])], { to: { int: 10 } });
    const wide = b.op('Cast', [b.op('Neg', [half])], { to: { int: 1 } });
    b.op('Cast', [wide], { to: { int: 10 } }, { outputs: ['embedding'] });
    b.output('embedding', 'float16', ['N', 2, 4, 4]);
    b.output(b.op('Abs', [wide], {}, { outputs: ['size'] }), 'float32', ['N', 2, 4, 4]);
    const { model } = toFloat32(b.build());
    expect(operators(model)).toEqual(['Neg', 'Abs']);
    const session = await openModel(model);
    const data = { type: 'float32', dims: [2, 2, 4, 4], data: smallImages(2, 5) } as const;
    const { embedding, size } = await session.run({ data });
    expect([embedding!.data, size!.data]).toEqual([data.data.map((x) => -x), data.data.map(Math.abs)]);
    await session.release();
  });

  test('lists of half types change too, and nothing that nodes of other domains say', () => {
    const b = new GraphBuilder();
    b.input('x', 'float16', [2]);
    b.node('Mine', ['x'], { to: { int: 10 } }, { outputs: ['y'], domain: 'mine' });
    b.output('y', 'float32', [2]);
    const model = b.build();
    const tensor = graphOf(model).input[0]!.type!;
    const list = create(ValueInfoProtoSchema, {
      name: 'list',
      type: { value: { case: 'sequenceType', value: { elemType: tensor } } },
    });
    graphOf(model).valueInfo.push(list);
    const graph = graphOf(toFloat32(model).model);
    const type = graph.valueInfo[0]!.type!.value.value as { elemType: typeof tensor };
    expect(type.elemType).toEqual(graph.input[0]!.type);
    expect(declaredType(graph.input[0]!)).toBe('float32');
    expect(graph.node[0]!.attribute[0]!.i).toBe(10n);
  });

  test('subgraphs and functions change too; what they read keeps its name', async () => {
    const inner = new GraphBuilder({ name: 'branch' });
    inner.initializer('half', { type: 'float16', dims: [1], data: Uint16Array.of(0x4000) });
    const doubled = inner.op('Mul', ['half', 'half']);
    inner.output(doubled, 'float16', [1]);
    const branch = graphOf(inner.build());
    const add = withFields(branch.node[0]!, { input: ['half', 'cast'] });
    const b = new GraphBuilder();
    b.input('data', 'float32', ['N', 2, 4, 4]);
    b.op('Cast', ['data'], { to: { int: 10 } }, { outputs: ['cast'] });
    b.initializer('yes', { type: 'bool', dims: [], data: Uint8Array.of(1) });
    const open = withFields(branch, { node: [add], output: [] });
    const output = branch.output.map((info) =>
      withFields(info, { type: graphOf(openEnd()).output[0]!.type! }),
    );
    const graph = withFields(open, { output });
    b.op('If', ['yes'], { then_branch: { graph }, else_branch: { graph } }, { outputs: ['y'] });
    b.op('Cast', ['y'], { to: { int: 1 } }, { outputs: ['embedding'] });
    b.output('embedding', 'float32', ['N', 2, 4, 4]);
    const { model } = toFloat32(b.build());
    expect(await embed(model)).toEqual(smallImages(2, 5).map((x) => 2 * x));
  });
});

function openEnd(): Model {
  const b = new GraphBuilder();
  b.input('x', 'float16', ['N', 2, 4, 4]);
  b.output('x', 'float16', ['N', 2, 4, 4]);
  return b.build();
}
