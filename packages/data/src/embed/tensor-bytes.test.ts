import { expect, test } from 'vitest';
import { EmbeddingFileError } from '../errors.ts';
import { tensorBytes, tensorsOfBytes } from './tensor-bytes.ts';

const tensors = new Map([
  ['kernel', { shape: [3, 1], data: Float32Array.of(1, -2, 0.5) }],
  ['t', { shape: [1], data: Float64Array.of(0.1) }],
  ['none', { shape: [0], data: new Float32Array(0) }],
]);

test('named arrays become bytes and come back, wherever the bytes lie', () => {
  const bytes = tensorBytes(tensors, { format: 'mine' });
  expect(tensorsOfBytes(bytes)).toEqual(tensors);
  // A Buffer's slices are views.
  expect(tensorsOfBytes(Buffer.from(bytes))).toEqual(tensors);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(tensorsOfBytes(shifted.subarray(3))).toEqual(tensors);
});

test('bytes that are no such file are refused', () => {
  const bytes = tensorBytes(tensors);
  expect(() => tensorsOfBytes(bytes.subarray(0, 4))).toThrow(/^4 bytes \(no safetensors/);
  expect(() => tensorsOfBytes(bytes.subarray(0, bytes.length - 1))).toThrow(/tensor 't'/);
  expect(() => tensorsOfBytes(bytes.subarray(0, 4))).toThrow(EmbeddingFileError);
  expect(() => tensorsOfBytes(bytes.subarray(0, 40))).toThrow(/cut short/);
  const half = new TextEncoder().encode(new TextDecoder('latin1').decode(bytes).replace('F32', 'F16'));
  expect(() => tensorsOfBytes(half)).toThrow(/type F16|cut short/);
});
