import { fillDropoutMask } from '@cf/core';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { DropoutMasks } from './dropout-masks.ts';

const [COUNT, HEIGHT, WIDTH, CHANNELS] = [2, 2, 3, 5];
const KEYS = { seed: 3, step: 4, position: 5 };

beforeAll(() => tf.setBackend('cpu'));

/** A flattened image, what comes between, and dropout. */
function network(between: readonly tfl.layers.Layer[]): tfl.LayersModel {
  const layers = [tfl.layers.flatten(), ...between, tfl.layers.dropout({ rate: 0.4, name: 'drop' })];
  const input = tfl.input({ shape: [HEIGHT, WIDTH, CHANNELS] });
  const outputs = layers.reduce((x, layer) => layer.apply(x) as tfl.SymbolicTensor, input);
  return tfl.model({ inputs: input, outputs });
}

test.each([
  ['right after the flattening', []],
  ['after a layer that keeps the order', [tfl.layers.dropout({ rate: 0, name: 'none' })]],
])('masks of flattened images are drawn in the order C, H, W: %s', (_, between) => {
  const model = network(between);
  const masks = new DropoutMasks(model);
  masks.draw(KEYS, COUNT);
  const out = model.apply(tf.ones([COUNT, HEIGHT, WIDTH, CHANNELS]), { training: true }) as tf.Tensor;
  const size = HEIGHT * WIDTH * CHANNELS;
  const drawn = new Float32Array(COUNT * size);
  fillDropoutMask(drawn, size, { name: 'mask/drop', ratio: 0.4 }, KEYS);
  const expected = tf.transpose(tf.tensor4d(drawn, [COUNT, CHANNELS, HEIGHT, WIDTH]), [0, 2, 3, 1]);
  expect([...out.dataSync()]).toEqual([...expected.dataSync()]);
  masks.dispose();
});
