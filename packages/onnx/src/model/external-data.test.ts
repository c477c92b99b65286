import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxFileError } from '../errors.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { decodeModel, encodeModel } from './codec.ts';
import { externalFiles, splitExternalData, withExternalData } from './external-data.ts';
import { mapModel, tensorsOf } from './map-model.ts';
import { SparseTensorProtoSchema, StringStringEntryProtoSchema } from './messages/onnx_pb.js';
import { graphOf, type Model, type TensorProtoValue } from './model.ts';
import { createTensor, readTensor } from './tensor.ts';
import { withFields } from './with-fields.ts';

/** Tensors in every place that a model has for them. */
function everywhere(seed: number = 1): Model {
  const inner = new GraphBuilder({ name: 'then' });
  inner.initializer('inner', randomTensor('float32', [300], seed));
  inner.output(inner.op('Identity', ['inner']), 'float32', [300]);
  const branch = graphOf(inner.build());
  const b = new GraphBuilder();
  b.input('x', 'float32', ['N', 600]);
  b.initializer('w', randomTensor('float32', [600, 20], seed + 1));
  b.initializer('small', randomTensor('float32', [3], seed + 2));
  b.initializer('bytes', { type: 'uint8', dims: [1001], data: new Uint8Array(1001).fill(7) });
  b.initializer('count', { type: 'int64', dims: [], data: BigInt64Array.of(5n) });
  b.initializer('none', { type: 'float32', dims: [0, 4], data: new Float32Array() });
  b.op('Constant', [], { value: { tensor: randomTensor('float32', [40, 40], seed + 3) } });
  b.initializer('yes', { type: 'bool', dims: [], data: Uint8Array.of(1) });
  b.op('If', ['yes'], { then_branch: { graph: branch }, else_branch: { graph: branch } });
  b.output(b.op('MatMul', ['x', 'w']), 'float32', ['N', 20]);
  const model = b.build();
  const sparse = create(SparseTensorProtoSchema, {
    values: createTensor('sparse', randomTensor('float32', [400], seed + 4)),
    indices: createTensor('', {
      type: 'int64',
      dims: [400],
      data: BigInt64Array.from({ length: 400 }, (_, i) => BigInt(i)),
    }),
    dims: [1000n],
  });
  return withFields(model, { graph: withFields(graphOf(model), { sparseInitializer: [sparse] }) });
}

const numbersOf = (model: Model): unknown => tensorsOf(model).map((tensor) => readTensor(tensor));

test('whatever the threshold, what goes out comes back, and goes out again to the same bytes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 1, max: 1000 }), (threshold, seed) => {
      const model = everywhere(seed);
      const split = splitExternalData(model, { location: 'sub/weights.bin', threshold });
      const isOut = (tensor: TensorProtoValue): boolean => tensor.dataLocation === 1;
      for (const [i, tensor] of tensorsOf(split.model).entries())
        expect(isOut(tensor)).toBe(tensorsOf(model)[i]!.rawData.length >= threshold);
      const written = decodeModel(encodeModel(split.model));
      const back = withExternalData(written, split.files);
      expect(numbersOf(back)).toEqual(numbersOf(model));
      const again = splitExternalData(back);
      expect(Buffer.compare(encodeModel(again.model), encodeModel(split.model))).toBe(0);
      expect([...again.files].map(([n, b]) => [n, Buffer.from(b).toString('base64')])).toEqual(
        [...split.files].map(([n, b]) => [n, Buffer.from(b).toString('base64')]),
      );
      // And inside for good, where that is asked.
      const inside = splitExternalData(back, { location: 'x', threshold: 1e9 });
      expect(Buffer.compare(encodeModel(inside.model), encodeModel(model))).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test('each tensor goes back to the file that it was in, changed or not', () => {
  const model = mapModel(everywhere(), {
    tensor: (one) =>
      one.name === 'w' || one.name === 'sparse'
        ? withFields(one, {
            externalData: [
              create(StringStringEntryProtoSchema, { key: 'location', value: `${one.name}.bin` }),
            ],
          })
        : one,
  });
  const { files } = splitExternalData(model);
  expect([...files].map(([name, { length }]) => [name, length])).toEqual([
    ['w.bin', 48_000],
    ['sparse.bin', 1600],
  ]);
});

test('large tensors start at pages, others at whole lines; equal memory has one place', () => {
  const large = createTensor('a', { type: 'float32', dims: [2 ** 18], data: new Float32Array(2 ** 18) });
  const b = new GraphBuilder();
  for (const tensor of [createTensor('z', { type: 'uint8', dims: [3], data: new Uint8Array(3) }), large])
    b.addInitializer(tensor);
  b.addInitializer(withFields(large, { name: 'b' }));
  b.addInitializer(createTensor('c', { type: 'uint8', dims: [3], data: new Uint8Array(3) }));
  const [file] = externalFiles(splitExternalData(b.build(), { location: 'w', threshold: 0 }).model);
  expect(file!.ranges.map(({ offset }) => offset)).toEqual([0, 65536, 65536, 65536 + 2 ** 20]);
});

test('small tensors start at multiples of 64', () => {
  const b = new GraphBuilder();
  for (const name of ['a', 'b', 'c'])
    b.addInitializer(createTensor(name, { type: 'uint8', dims: [3], data: new Uint8Array(3) }));
  const [file] = externalFiles(splitExternalData(b.build(), { location: 'w', threshold: 0 }).model);
  expect(file!.ranges.map(({ offset }) => offset)).toEqual([0, 64, 128]);
});

describe('a reference that is none', () => {
  const referring = (
    entries: Readonly<Record<string, string>>,
    changes: Partial<TensorProtoValue> = {},
  ): Model => {
    const b = new GraphBuilder();
    const externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
    const tensor = createTensor('w', randomTensor('float32', [4], 1));
    b.addInitializer(
      withFields(tensor, { rawData: new Uint8Array(), externalData, dataLocation: 1, ...changes }),
    );
    return b.build();
  };
  const files = new Map([['w.bin', new Uint8Array(16)]]);

  test.each([
    ['', /''/],
    ['/etc/passwd', /etc/],
    ['../w.bin', /no path inside/],
    ['a/../../w.bin', /no path inside/],
    ['a/..', /no path inside/],
    ['C:w.bin', /C:/],
    ['c:/w.bin', /c:/],
    ['a\\w.bin', /no path inside/],
    ['\\\\host\\w.bin', /no path inside/],
    ['a//b', /no path inside/],
    ['a/', /no path inside/],
    ['.', /no path inside/],
    ['w\u0000.bin', /no path inside/],
    ['*/_ORT_MEM_ADDR_/*', /missing/],
  ])('location %j', (location, message) => {
    expect(() => withExternalData(referring({ location }), files)).toThrow(message);
    expect(() => withExternalData(referring({ location }), files)).toThrow(OnnxFileError);
  });

  test.each<[string, Readonly<Record<string, string>>, Partial<TensorProtoValue>?]>([
    ['no location', {}],
    ['an offset behind the end', { location: 'w.bin', offset: '4' }],
    ['a negative offset', { location: 'w.bin', offset: '-1' }],
    ['an offset in words', { location: 'w.bin', offset: '0x0' }],
    ['a huge offset', { location: 'w.bin', offset: '9007199254740991' }],
    ['a longer number than any', { location: 'w.bin', offset: '9'.repeat(400) }],
    ['a length that does not fit', { location: 'w.bin', length: '12' }],
    ['a huge length', { location: 'w.bin', length: '9007199254740991' }],
    ['a huge shape', { location: 'w.bin' }, { dims: [2n ** 62n, 2n ** 62n] }],
    ['a large shape', { location: 'w.bin' }, { dims: [2n ** 40n] }],
    ['a negative shape', { location: 'w.bin' }, { dims: [-4n] }],
    ['texts', { location: 'w.bin' }, { dataType: 8 }],
    ['a type of no schema', { location: 'w.bin' }, { dataType: 99 }],
  ])('%s', (_, entries, changes) => {
    expect(() => withExternalData(referring(entries, changes), files)).toThrow(OnnxFileError);
  });

  test('all of them are told at once, and ranges that overlap', () => {
    const b = new GraphBuilder();
    for (const name of ['a', 'b'])
      b.addInitializer(withFields(graphOf(referring({ location: `../${name}` })).initializer[0]!, { name }));
    expect(() => externalFiles(b.build())).toThrow(/tensor 'a'.*tensor 'b'/);
    expect(() => externalFiles(encodeModel(b.build()))).toThrow(/tensor 'a'.*tensor 'b'/);
    const many = new GraphBuilder();
    for (const i of [0, 1, 2]) {
      const [tensor] = graphOf(referring({ location: 'w.bin', offset: `${4 * i}` })).initializer;
      many.addInitializer(withFields(tensor!, { name: `w${i}` }));
    }
    expect(() => withExternalData(many.build(), new Map([['w.bin', new Uint8Array(24)]]))).toThrow(/overlap/);
    expect(() => splitExternalData(referring({ location: 'w.bin' }))).toThrow(/readModelFile/);
    const outside = withFields(referring({ location: '../w.bin' }), {});
    const held = mapModel(outside, {
      tensor: (t) => withFields(t, { dataLocation: 0, rawData: new Uint8Array(16) }),
    });
    expect(() => splitExternalData(held)).toThrow(/no path inside/);
  });
});
