import { curricularFace, type Head, type HeadInput, type HeadOutput } from '@cf/core';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { describe, expect, test } from 'vitest';
import { tfjsBackend } from '../index.ts';
import { activateBackend, isActive } from './active-backend.ts';

const input: HeadInput = {
  embeddings: Float32Array.from({ length: 5 * 8 }, (_, i) => Math.sin(i * 12.9898 + 1)),
  weights: Float32Array.from({ length: 7 * 8 }, (_, i) => Math.sin(i * 12.9898 + 2)),
  labels: [0, 1, 2, 3, 4],
  dim: 8,
};

async function headOn(backend: string): Promise<Head> {
  return (await tfjsBackend({ backend })).createHead(curricularFace(), { tileSize: 3 });
}

describe('several backends in one process', () => {
  test('are opened one after the other, though they are asked for at once', async () => {
    const names = ['cpu', 'wasm', 'cpu', 'wasm'];
    const backends = await Promise.all(names.map((backend) => tfjsBackend({ backend })));
    expect(backends.map(({ name }) => name)).toEqual(names.map((name) => `tfjs-${name}`));
  });

  test('heads that step in loops side by side compute each on its own', async () => {
    const heads = [await headOn('cpu'), await headOn('wasm'), await headOn('cpu'), await headOn('wasm')];
    const alone: HeadOutput[] = [];
    for (const head of heads) alone.push(await head.step(input));
    // The last bits tell where a step was computed.
    expect(alone[0]!.gradWeights).not.toEqual(alone[1]!.gradWeights);
    const loop = async (head: Head): Promise<HeadOutput[]> => {
      const outputs: HeadOutput[] = [];
      for (let step = 0; step < 5; step++) outputs.push(await head.step(input));
      return outputs;
    };
    const together = await Promise.all(heads.map(loop));
    for (const [index, outputs] of together.entries()) {
      for (const output of outputs) expect(output).toEqual(alone[index]);
    }
  });

  test('a backend that somebody sets without waiting does not take over under the name of another', async () => {
    const head = await headOn('cpu');
    const expected = await head.step(input);
    const late = Object.create(tf.backend());
    tf.registerBackend('late', () => new Promise((resolve) => setTimeout(() => resolve(late), 20)));
    const setByOthers = tf.setBackend('late');
    expect(await head.step(input)).toEqual(expected);
    await setByOthers;
    expect(isActive('cpu')).toBe(true);

    await tf.setBackend('late');
    expect([isActive('late'), isActive('cpu')]).toEqual([true, false]);
    await activateBackend('cpu');
    expect([isActive('late'), isActive('cpu')]).toEqual([false, true]);
  });

  test('one that fails leaves the others their turn', async () => {
    const opened = await Promise.allSettled(
      ['quantum', 'cpu', 'quantum', 'wasm'].map((backend) => tfjsBackend({ backend })),
    );
    expect(opened.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
  });
});
