import { BACKBONE_NAMES, backbone, tinyIresnet } from '@cf/backbones';
import { describe, expect, test } from 'vitest';
import { encodeModel } from '../model/codec.ts';
import { graphOf } from '../model/model.ts';
import { trainingForm } from '../passes/training-form/training-form.ts';
import { readWeights } from '../passes/with-weights.ts';
import { checkerAcceptsAll } from '../testing/checker-test.ts';
import { checkModel } from '../testing/onnx-checker.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { onnxModel } from './onnx-model.ts';

const isParameter = (name: string): boolean => /\.(weight|bias)$/.test(name);

describe.each(BACKBONE_NAMES)('%s', (name) => {
  const described = backbone(name, { weights: 'zeros' });
  const { embeddingSize: d, inputSize: size } = described;
  const model = onnxModel(described);

  // The deeper ones are the same blocks, more of them.
  if (!/34|50|100/.test(name)) {
    test('maps images to embeddings, whatever the batch', async () => {
      const session = await openModel(model);
      for (const batch of [1, 2]) {
        const data = randomTensor('float32', [batch, 3, size, size], 1, (u) => 255 * u);
        const { embedding } = await session.run({ data });
        expect(embedding!.dims).toEqual([batch, d]);
      }
      await session.release();
    });
  }

  test('trains all its parameters but those that are fixed', () => {
    const form = trainingForm(model);
    const fixed = d === 512 ? ['features.weight'] : [];
    const names = graphOf(model).initializer.map(({ name }) => name);
    const expected = names.filter((name) => isParameter(name) && !fixed.includes(name));
    expect(form.parameters.map(({ name }) => name)).toEqual(expected);
    expect(form.statistics.map(({ name }) => name)).toEqual(
      names.filter((name) => name.includes('running_')),
    );
  });
});

describe('tiny-iresnet', () => {
  test('is the same file for the same seed', () => {
    const model = onnxModel(tinyIresnet({ seed: 3 }));
    checkModel(model);
    expect(Buffer.compare(encodeModel(onnxModel(tinyIresnet({ seed: 3 }))), encodeModel(model))).toBe(0);
  });

  test('takes pixels of 0 to 255 as −1 to 1', async () => {
    const model = onnxModel(tinyIresnet());
    const conv = readWeights(model, ['conv1.weight']);
    expect(conv.get('conv1.weight')!.dims).toEqual([32, 3, 3, 3]);
    const session = await openModel(model);
    const gray = randomTensor('float32', [1, 3, 56, 56], 1, () => 127.5);
    const { embedding } = await session.run({ data: gray });
    const bias = readWeights(model, ['fc.bias']).get('fc.bias')!;
    // Nothing but the bias is left of middle gray: √(1 + ε) is what the last normalisation divides by.
    Array.from(embedding!.data, Number).forEach((value, i) => {
      expect(value).toBeCloseTo(Number(bias.data[i]) / Math.sqrt(1 + 1e-5), 6);
    });
    await session.release();
  });
});

checkerAcceptsAll();
