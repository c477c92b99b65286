import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxFileError, OnnxOpsetError } from '../errors.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { decodeModel, encodeModel } from './codec.ts';
import { StringStringEntryProtoSchema } from './messages/onnx_pb.js';
import { graphOf, type Model } from './model.ts';
import { createTensor, readTensor } from './tensor.ts';
import { withFields } from './with-fields.ts';

function smallModel(opset: number = 17): Model {
  const builder = new GraphBuilder({ opset });
  builder.input('x', 'float32', ['N', 2]);
  builder.initializer('w', randomTensor('float32', [2, 3], 1));
  builder.output(builder.op('MatMul', ['x', 'w']), 'float32', ['N', 3]);
  return builder.build();
}

test('what is written is read back as it was', () => {
  const model = smallModel();
  expect(decodeModel(encodeModel(model))).toEqual(model);
});

test('operators, attributes, functions, metadata and fields without meaning here stay', () => {
  const builder = GraphBuilder.extend(smallModel());
  builder.op(
    'Mystery',
    ['x'],
    { knob: { strings: ['a', 'b'] }, level: { float: 0.5 } },
    { domain: 'org.example' },
  );
  const model = builder.build();
  const written = encodeModel(
    withFields(model, { metadataProps: [create(StringStringEntryProtoSchema, { key: 'k', value: 'v' })] }),
  );
  // Field 999, a varint: of no schema yet.
  const later = Uint8Array.of(...written, 0xb8, 0x3e, 0x2a);
  const back = decodeModel(later);
  expect(encodeModel(back)).toEqual(later);
  expect(graphOf(back).node.at(-1)).toEqual(graphOf(model).node.at(-1));
});

describe('a broken file', () => {
  const bytes = encodeModel(smallModel());
  test.each([
    ['nothing', new Uint8Array()],
    ['text', new TextEncoder().encode('<html>not found</html>')],
    ['another format', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
    ['half of it', bytes.subarray(0, bytes.length / 2)],
    ['zeros', new Uint8Array(64)],
  ])('is named in one line: %s', (_, broken) => {
    expect(() => decodeModel(broken)).toThrow(OnnxFileError);
    try {
      decodeModel(broken);
    } catch (error) {
      expect((error as OnnxFileError).code).toBe('E_ONNX_FILE');
      expect((error as OnnxFileError).given).toMatch(/^\d+ bytes \([^\n]+\)$/);
    }
  });

  test('never leaves by another error, wherever it is cut', () => {
    for (let length = 0; length < bytes.length; length++) {
      try {
        decodeModel(bytes.subarray(0, length));
      } catch (error) {
        expect(error instanceof OnnxFileError || error instanceof OnnxOpsetError, `${length} bytes`).toBe(
          true,
        );
      }
    }
  });
});

test('weights of a file in a Buffer are read as they are', () => {
  const back = decodeModel(Buffer.from(encodeModel(smallModel())));
  const [weights] = graphOf(back).initializer;
  expect(readTensor(weights!)).toEqual(randomTensor('float32', [2, 3], 1));
});

test('an opset of the future, or none, is an error with its number', () => {
  const model = smallModel();
  const future = model.opsetImport.map((entry) => withFields(entry, { version: 99n }));
  expect(() => decodeModel(encodeModel(withFields(model, { opsetImport: future })))).toThrow(/opset 99/);
  expect(() => decodeModel(encodeModel(withFields(model, { opsetImport: [] })))).toThrow(OnnxOpsetError);
});

describe('tensors', () => {
  test('numbers in typed fields are read as raw ones are', () => {
    const raw = createTensor('t', { type: 'float32', dims: [2], data: Float32Array.of(1.5, -2) });
    const typed = withFields(raw, { rawData: new Uint8Array(), floatData: [1.5, -2] });
    expect(readTensor(typed)).toEqual(readTensor(raw));
    const counts = createTensor('t', { type: 'int64', dims: [1], data: BigInt64Array.of(-3n) });
    expect(readTensor(withFields(counts, { rawData: new Uint8Array(), int64Data: [-3n] }))).toEqual(
      readTensor(counts),
    );
    const bytes = createTensor('t', { type: 'uint8', dims: [1], data: Uint8Array.of(200) });
    expect(readTensor(withFields(bytes, { rawData: new Uint8Array(), int32Data: [200] }))).toEqual(
      readTensor(bytes),
    );
  });

  test('a scalar, an empty tensor, a bad length, an unknown type, data elsewhere', () => {
    expect(
      readTensor(createTensor('t', { type: 'float64', dims: [], data: Float64Array.of(2) })).data[0],
    ).toBe(2);
    expect(
      readTensor(createTensor('t', { type: 'float32', dims: [0, 3], data: new Float32Array() })).dims,
    ).toEqual([0, 3]);
    expect(() => createTensor('t', { type: 'float32', dims: [3], data: Float32Array.of(1) })).toThrow(
      /1 elements/,
    );
    const good = createTensor('t', { type: 'float32', dims: [1], data: Float32Array.of(1) });
    expect(() => readTensor(withFields(good, { rawData: good.rawData.slice(0, 3) }))).toThrow(OnnxFileError);
    expect(() => readTensor(withFields(good, { dataType: 8 }))).toThrow(/element type 8/);
    expect(() => readTensor(withFields(good, { dataLocation: 1 }))).toThrow(/another file/);
  });
});

const SHARED = fileURLToPath(new URL('../../../../../shared/models/mobilefacenet-y1.onnx', import.meta.url));

test.skipIf(!existsSync(SHARED))(
  'MobileFaceNet read and written again computes the same (needs ../shared)',
  async () => {
    const bytes = readFileSync(SHARED);
    const original = decodeModel(bytes);
    const rewritten = decodeModel(encodeModel(original));
    expect(Buffer.compare(encodeModel(rewritten), encodeModel(original))).toBe(0);
    const { InferenceSession, Tensor } = await import('onnxruntime-node');
    const data = randomTensor('float32', [1, 3, 112, 112], 3, (u) => 255 * u);
    const before = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
    const after = await openModel(rewritten);
    const expected = await before.run({ data: new Tensor('float32', data.data as Float32Array, data.dims) });
    const { fc1 } = await after.run({ data });
    expect(fc1!.data).toEqual(expected.fc1!.data);
    await before.release();
    await after.release();
  },
);
