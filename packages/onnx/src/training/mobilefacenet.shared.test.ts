import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as runtime from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { decodeModel } from '../model/codec.ts';
import { graphOf, type Model } from '../model/model.ts';
import { optimiserOf } from '../testing/optimiser-of.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { createTrainingSession } from './create-training-session.ts';
import { kernelsNow, onEachKernels } from './testing.ts';

const FILE = fileURLToPath(new URL('../../../../../shared/models/mobilefacenet-y1.onnx', import.meta.url));
const SHAPE = [2, 3, 112, 112];
const images = randomTensor('float32', SHAPE, 3, (u) => 255 * u).data as Float32Array;

async function embed(model: Model): Promise<readonly number[]> {
  const session = await openModel(model);
  const { fc1 } = await session.run({ data: { type: 'float32', dims: SHAPE, data: images } });
  await session.release();
  return Array.from(fc1!.data, Number);
}

function largestDifference(a: ArrayLike<number>, b: readonly number[]): number {
  const scale = Math.max(...b.map(Math.abs));
  return b.reduce((most, value, i) => Math.max(most, Math.abs(a[i]! - value) / scale), 0);
}

onEachKernels(() => {
  describe.skipIf(!existsSync(FILE))('MobileFaceNet (needs ../shared)', () => {
    test.each([
      ['all layers, normalisations frozen', 1e-6],
      ['the last layer', 1e-3],
    ])('trains in its own file: %s', async (part, learningRate) => {
      const model = decodeModel(readFileSync(FILE));
      const last = graphOf(model).node.find(({ opType }) => opType === 'Gemm')!;
      const frozen = part === 'the last layer' ? { freezeUntil: last.input[0]! } : {};
      const session = await createTrainingSession({
        runtime,
        model,
        optimiser: optimiserOf({ name: 'sgd', momentum: 0.9 }),
        freezeBn: true,
        threads: 1,
        ...kernelsNow(),
        ...frozen,
      });
      const before = (await session.forward({ values: images, shape: SHAPE, step: 0, position: 0 })).slice();
      expect(largestDifference(before, await embed(model))).toBeLessThan(1e-5);
      // Downhill along the embeddings themselves, so that they shrink.
      await session.backward(before.map((value) => value / 2));
      await session.update(learningRate);
      const after = await session.forward({ values: images, shape: SHAPE, step: 1, position: 0 });
      const exported = session.exportModel();
      expect(largestDifference(after, await embed(exported))).toBeLessThan(1e-5);
      const squares = (values: Float32Array): number => values.reduce((sum, value) => sum + value ** 2, 0);
      expect(squares(after)).toBeLessThan(squares(before));
      const names = (whole: Model): readonly (readonly string[])[] => {
        const { input, output } = graphOf(whole);
        return [input.map(({ name }) => name), output.map(({ name }) => name)];
      };
      expect(names(exported)).toEqual(names(model));
      await session.dispose();
    });
  });
});
