import { readFileSync } from 'node:fs';
import * as runtime from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Attributes } from '../model/attributes.ts';
import type { Model } from '../model/model.ts';
import type { TensorData } from '../model/tensor.ts';
import { type OptimiserData, optimiserOf } from '../testing/optimiser-of.ts';
import { createTrainingSession } from './create-training-session.ts';
import { kernelsNow, onEachKernels } from './testing.ts';

interface Numbers {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}
type NamedNumbers = Readonly<Record<string, Numbers>>;

interface Fixture {
  readonly optimiser: OptimiserData;
  readonly learningRate: number;
  readonly initial: NamedNumbers;
  readonly images: Numbers;
  readonly targets: Numbers;
  readonly firstGradients: NamedNumbers;
  readonly losses: readonly number[];
  readonly final: NamedNumbers;
}

const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/pytorch-training.json', import.meta.url), 'utf8'),
) as Fixture;

/** The network of bench/peers/training-values.py, with its first weights. */
function network(): Model {
  const builder = new GraphBuilder({ name: 'network' });
  const weight = (name: string): string => {
    const { dims, data } = fixture.initial[name]!;
    const shape = name.startsWith('prelu') ? [...dims, 1, 1] : dims;
    return builder.initializer(name, { type: 'float32', dims: shape, data: Float32Array.from(data) });
  };
  const conv = (x: string, i: number, attributes: Attributes): string => {
    const y = builder.op('Conv', [x, weight(`conv${i}.weight`)], {
      pads: { ints: [1, 1, 1, 1] },
      ...attributes,
    });
    const parts = ['weight', 'bias', 'running_mean', 'running_var'];
    const bn = builder.op('BatchNormalization', [y, ...parts.map((part) => weight(`bn${i}.${part}`))]);
    return builder.op('PRelu', [bn, weight(`prelu${i}.weight`)]);
  };
  let x = builder.input('images', 'float32', ['N', 3, 6, 6]);
  x = conv(x, 1, {});
  x = builder.op('Flatten', [conv(x, 2, { strides: { ints: [2, 2] } })]);
  builder.op('Gemm', [x, weight('fc.weight'), weight('fc.bias')], { transB: { int: 1 } }, { outputs: ['y'] });
  builder.output('y', 'float32', ['N', 5]);
  return builder.build();
}

function expectClose(
  actual: ReadonlyMap<string, TensorData>,
  expected: NamedNumbers,
  tolerance: number,
): void {
  for (const [name, { data }] of Object.entries(expected)) {
    const scale = Math.max(...data.map(Math.abs));
    const values = actual.get(name)!.data;
    data.forEach((value, i) => {
      const difference = Math.abs(Number(values[i]) - value) / scale;
      expect(difference, `${name}[${i}]: ${values[i]} against ${value}`).toBeLessThan(tolerance);
    });
  }
}

onEachKernels(() => {
  test.each(['saved', 'checkpointed'] as const)(
    'trains as PyTorch does, with %s activations',
    async (activations) => {
      const { optimiser, images, targets, learningRate, losses } = fixture;
      const options = {
        runtime,
        model: network(),
        optimiser: optimiserOf(optimiser),
        activations,
        threads: 1,
        ...kernelsNow(),
      };
      const session = await createTrainingSession(options);
      const pixels = Float32Array.from(images.data);
      const batch = images.dims[0]!;
      for (const [step, expected] of losses.entries()) {
        const embeddings = await session.forward({ values: pixels, shape: images.dims, step, position: 0 });
        const difference = embeddings.map((value, i) => value - targets.data[i]!);
        const loss = difference.reduce((sum, value) => sum + value ** 2, 0) / 2 / batch;
        expect(
          Math.abs(loss / expected - 1),
          `loss of step ${step}: ${loss} against ${expected}`,
        ).toBeLessThan(2e-5);
        await session.backward(difference.map((value) => value / batch));
        if (step === 0) expectClose(session.gradients(), fixture.firstGradients, 1e-5);
        await session.update(learningRate);
      }
      expectClose(session.weights(), fixture.final, 5e-5);
      await session.dispose();
    },
  );
});
