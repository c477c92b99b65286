import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { gradient } from '../../gradient/gradient.ts';
import { decodeModel } from '../../model/codec.ts';
import { fromFloat16, toFloat16 } from '../../model/half-float.ts';
import { mapModel } from '../../model/map-model.ts';
import { graphOf, type Model, type TensorProtoValue } from '../../model/model.ts';
import { constantValue } from '../../model/node.ts';
import { createTensor, readTensor, type TensorData } from '../../model/tensor.ts';
import { isOlderThan } from '../../testing/onnxruntime-version.ts';
import { openModel, type Values } from '../../testing/run-model.ts';
import { fromFloat32 } from './from-float32.ts';
import { toFloat32 } from './to-float32.ts';

const FOLDER = fileURLToPath(new URL('../../../../../../shared/onnx/', import.meta.url));

function floats(name: string, file: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(`${FOLDER}${name}/${file}.f32`)).buffer);
}

async function run(model: Model, inputs: Values): Promise<Values> {
  const session = await openModel(model);
  const outputs = await session.run(inputs);
  await session.release();
  return outputs;
}

function distance({ data: a }: TensorData, { data: b }: TensorData): number {
  const [actual, expected] = [a as Float32Array, b as Float32Array];
  const scale = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return expected.reduce((most, x, i) => Math.max(most, Math.abs(actual[i]! - x)), 0) / scale;
}

describe.skipIf(!existsSync(FOLDER))(
  'networks of other tools in half precision (need ../shared and onnxruntime-node 1.29.0)',
  () => {
    const names = ['vit', 'vit-folded', 'swin', 'convnext', 'ecapa', 'activations'];
    // Older ones open them only with fewer optimisations ('extended').
    test.skipIf(isOlderThan('1.29.0')).each(names)(
      '%s: embeds alike, and its gradients are those of rounded weights',
      async (name) => {
        const model = decodeModel(readFileSync(`${FOLDER}${name}/model.onnx`));
        const given = JSON.parse(readFileSync(`${FOLDER}${name}/case.json`, 'utf8'));
        const data = { type: 'float32', dims: given.data, data: floats(name, 'data') } as const;
        const seed = { type: 'float32', dims: given.embedding, data: floats(name, 'seed') } as const;
        const { embedding: expected } = await run(model, { data });
        for (const type of ['float16', 'bfloat16'] as const) {
          const { model: half } = fromFloat32(model, type);
          const { embedding } = await run(half, { data });
          expect(distance(embedding!, expected!), type).toBeLessThan(3e-2);
        }
        const half = fromFloat32(model, 'float16').model;
        const halves = new Set(
          graphOf(half)
            .initializer.filter(({ dataType }) => dataType === 10)
            .map((tensor) => tensor.name),
        );
        expect(halves.size).toBeGreaterThan(10);
        const numbers = graphOf(half).node.filter((node) => constantValue(node)?.dataType === 10);
        const constants = new Set(numbers.flatMap(({ output }) => output));
        const roundedOf = new Set<TensorProtoValue>();
        for (const node of graphOf(model).node) {
          const tensor = constantValue(node);
          if (tensor !== undefined && constants.has(node.output[0]!)) roundedOf.add(tensor);
        }
        const twin = mapModel(model, {
          tensor(tensor) {
            if (!halves.has(tensor.name) && !roundedOf.has(tensor)) return tensor;
            const value = readTensor(tensor) as TensorData & { type: 'float32' };
            return createTensor(tensor.name, { ...value, data: fromFloat16(toFloat16(value.data)) });
          },
        });
        const wrt = (given.gradients as [string][])
          .map(([parameter]) => parameter)
          .filter((each) => halves.has(each));
        expect(wrt.length).toBeGreaterThan(10);
        const of = async (one: Model): Promise<readonly TensorData[]> => {
          const { model: both, gradients } = gradient(one, { of: 'embedding', wrt, seed: 'seed' });
          const outputs = await run(both, { data, seed });
          return wrt.map((parameter) => outputs[gradients.get(parameter)!]!);
        };
        const [actual, right] = [await of(toFloat32(half).model), await of(twin)];
        const most = Math.max(
          ...right.map(({ data: numbers }) =>
            (numbers as Float32Array).reduce((a, x) => Math.max(a, Math.abs(x)), 0),
          ),
        );
        for (const [i, parameter] of wrt.entries()) {
          const isNoise = (right[i]!.data as Float32Array).every((x) => Math.abs(x) < 1e-6 * most);
          if (!isNoise) expect(distance(actual[i]!, right[i]!), parameter).toBeLessThan(1e-5);
        }
      },
    );
  },
);
