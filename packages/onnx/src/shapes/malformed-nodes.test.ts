import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { AttributeValue } from '../model/attributes.ts';
import { graphOf } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { createValueInfo } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import { indices, scalar } from '../testing/random-tensor.ts';
import { OPERATORS } from './infer-shape.ts';
import { ValueTable } from './value-table.ts';

const ATTRIBUTES =
  'axis axes perm blocksize kernel_shape strides dilations pads group output_shape output_padding auto_pad ceil_mode ' +
  'k to start end batch_dims equation scales split num_outputs value_ints value_float value shape hidden_size keepdims layout ' +
  'q_num_heads kv_num_heads keep_aspect_ratio_policy allowzero noop_with_empty_axes';

const integer = fc.oneof(fc.integer({ min: -4, max: 4 }), fc.constantFrom(-(2 ** 40), 2 ** 31, 2 ** 53));
const number = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, 0, -1, 0.5));
const text = fc.constantFrom(
  '',
  'SAME_UPPER',
  'VALID',
  'ij,jk->ik',
  '...a,b...->...',
  '->',
  'not_larger',
  'wrap',
);
const attribute: fc.Arbitrary<AttributeValue> = fc.oneof(
  integer.map((int) => ({ int })),
  fc.array(integer, { maxLength: 5 }).map((ints) => ({ ints })),
  number.map((float) => ({ float })),
  fc.array(number, { maxLength: 5 }).map((floats) => ({ floats })),
  text.map((string) => ({ string })),
);
const name = fc.constantFrom(
  '',
  'absent',
  'image',
  'free',
  'vector',
  'scalar',
  'whole',
  'many',
  'half',
  'first',
);

test('no node, however malformed, makes inference fail or gives an impossible size', () => {
  const builder = new GraphBuilder();
  builder.input('image', 'float32', [2, 3, 8, 6]);
  builder.input('free', 'float32', ['N', undefined, 'H', 4]);
  builder.input('vector', 'int64', [3]);
  builder.initializer('scalar', scalar('float32', Number.NaN));
  builder.initializer('whole', indices(-1));
  builder.initializer('many', indices(0, -7, 2 ** 40, 3));
  builder.initializer('half', { type: 'float32', dims: [4], data: Float32Array.of(0.5, -1, 2, Infinity) });
  builder.op('Shape', ['free'], {}, { outputs: ['first'] });
  const model = builder.build();
  const attributes = fc.dictionary(fc.constantFrom(...ATTRIBUTES.split(' ')), attribute, { maxKeys: 4 });
  const inputs = fc.array(name, { maxLength: 5 });
  fc.assert(
    fc.property(
      fc.constantFrom(...OPERATORS),
      inputs,
      attributes,
      fc.constantFrom(...OPERATORS),
      (a, from, given, b) => {
        const table = new ValueTable(model);
        table.add(createNode('a', a, from, ['y', 'z', 'w'], given));
        table.add(createNode('b', b, ['y', 'z', ...from], ['v'], given));
        for (const value of ['y', 'z', 'w', 'v']) {
          for (const dim of table.shape(value) ?? [])
            expect(typeof dim !== 'number' || (Number.isSafeInteger(dim) && dim >= 0)).toBe(true);
        }
      },
    ),
    { numRuns: 5000 },
  );
});

test('what a file declares of a value may contradict its node', () => {
  const builder = new GraphBuilder();
  builder.initializer('whole', indices(3, 4, 5));
  const [from, to] = [builder.constant(indices(0)), builder.constant(indices(2))];
  builder.op('Slice', ['whole', from, to], {}, { outputs: ['slice'] });
  builder.op('Mul', ['whole', builder.constant(indices(2))], {}, { outputs: ['product'] });
  const model = builder.build();
  const valueInfo = [createValueInfo('slice', 'int64', [2, 2]), createValueInfo('product', 'int64', [-3])];
  const table = new ValueTable(withFields(model, { graph: withFields(graphOf(model), { valueInfo }) }));
  expect([table.shape('slice'), table.elements('slice')]).toEqual([[2], [3, 4]]);
  expect([table.shape('product'), table.elements('product')]).toEqual([[3], [6, 8, 10]]);
});
