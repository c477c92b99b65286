import assert from 'node:assert/strict';
import { curricularFace, referenceStep } from '@cf/core';
import { onnxBackend } from '@cf/onnx';
import { oneDnnHeadProducts } from '@cf/onnx/onednn';
import koffi from 'koffi';
import * as runtime from 'onnxruntime-node';

/** Large enough for two threads, whose program is a file of its own. */
const [batch, classes, dim] = [32, 600, 128];
let seed = 1;
const draw = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 31 - 1;
};
const input = {
  embeddings: Float32Array.from({ length: batch * dim }, draw),
  weights: Float32Array.from({ length: classes * dim }, draw),
  labels: Int32Array.from({ length: batch }, (_, i) => (7 * i) % classes),
  dim,
};
try {
  const products = oneDnnHeadProducts({ koffi });
  const backend = await onnxBackend({ runtime, threads: 2, products });
  const head = await backend.createHead(curricularFace());
  const { loss } = await head.step(input);
  assert(Math.abs(loss / referenceStep(curricularFace(), input).loss - 1) < 1e-5);
  head.dispose();
  await backend.dispose();
} catch (error) {
  if (error.code !== 'E_BACKEND' || !/without oneDNN/.test(error.message)) throw error;
  console.log('this machine has no oneDNN: its products are not tried');
}
