import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { decodeModel } from '../model/codec.ts';
import { graphOf, type Model } from '../model/model.ts';
import { createTensor, readTensor, type TensorData } from '../model/tensor.ts';
import { withFields } from '../model/with-fields.ts';
import { checkerAcceptsAll } from '../testing/checker-test.ts';
import { checkModel } from '../testing/onnx-checker.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { gradient } from './gradient.ts';

const FILE = fileURLToPath(new URL('../../../../../shared/models/mobilefacenet-y1.onnx', import.meta.url));
const BATCH = 2;

/** The weights moved along a direction. */
function moved(model: Model, direction: ReadonlyMap<string, Float32Array>, distance: number): Model {
  const graph = graphOf(model);
  const initializer = graph.initializer.map((tensor) => {
    const along = direction.get(tensor.name);
    if (along === undefined) return tensor;
    const { dims, data } = readTensor(tensor);
    const values = (data as Float32Array).map((value, i) => value + distance * along[i]!);
    return createTensor(tensor.name, { type: 'float32', dims, data: values });
  });
  return withFields(model, { graph: withFields(graph, { initializer }) });
}

function dot(a: TensorData, b: TensorData): number {
  return Array.from(a.data as Float32Array).reduce((sum, value, i) => sum + value * (b.data[i] as number), 0);
}

describe.skipIf(!existsSync(FILE))('MobileFaceNet (needs ../shared)', () => {
  test('gradients of all its weights at once agree with differences along directions', async () => {
    const model = decodeModel(readFileSync(FILE));
    const constants = new Set(['_minusscalar0_s', '_mulscalar0_s']);
    const weights = graphOf(model).initializer.filter(({ name }) => !constants.has(name));
    const wrt = weights.map(({ name }) => name);
    const result = gradient(model, { of: 'fc1', wrt: [...wrt, 'data'], seed: 'seed' });
    checkModel(result.model);
    const seed = randomTensor('float32', [BATCH, 128], 5);
    const data = randomTensor('float32', [BATCH, 3, 112, 112], 3, (u) => 255 * u);
    const session = await openModel(result.model);
    const outputs = await session.run({ data, seed });
    await session.release();

    // Each kind of weight on its own, so that none hides behind the others; every weight moves by the same share
    // of itself, in the direction that raises the sum.
    const kinds = ['conv2d_weight', 'relu_gamma', 'gamma', 'beta', 'moving_mean', 'moving_var', 'fc1_'];
    for (const kind of kinds) {
      const direction = new Map<string, Float32Array>();
      let slope = 0;
      for (const name of wrt.filter((weight) => weight.includes(kind))) {
        const gradientOf = outputs[result.gradients.get(name)!]!.data as Float32Array;
        const weight = readTensor(weights.find((tensor) => tensor.name === name)!).data as Float32Array;
        const along = gradientOf.map((g, i) => Math.sign(g) * Math.abs(weight[i]!));
        direction.set(name, along);
        slope += gradientOf.reduce((sum, g, i) => sum + g * along[i]!, 0);
      }
      const value = async (distance: number): Promise<number> => {
        const at = await openModel(moved(model, direction, distance));
        const { fc1 } = await at.run({ data });
        await at.release();
        return dot(fc1!, seed);
      };
      // The sum moves by 1: little enough to be linear, much more than what float32 rounds away.
      const step = 0.5 / slope;
      const numeric = ((await value(step)) - (await value(-step))) / (2 * step);
      expect(Math.abs(numeric / slope - 1), `${kind}: ${slope} against ${numeric}`).toBeLessThan(0.02);
    }
  });
});

if (existsSync(FILE)) checkerAcceptsAll();
