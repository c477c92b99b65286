import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../../builder/graph-builder.ts';
import { checkGradient } from '../../../testing/check-gradient.ts';
import { checkerAcceptsAll } from '../../../testing/checker-test.ts';
import { DECLARED, nodeModel } from '../../../testing/node-model.ts';
import { randomTensor, scalar } from '../../../testing/random-tensor.ts';
import { openModel } from '../../../testing/run-model.ts';
import { gradient } from '../../gradient.ts';

const positive = (u: number): number => 0.5 + u;

function batchInputs(dims: readonly number[]): Record<string, ReturnType<typeof randomTensor>> {
  const channels = [dims[1]!];
  return {
    x: randomTensor('float64', dims, 1),
    scale: randomTensor('float64', channels, 2),
    bias: randomTensor('float64', channels, 3),
    mean: randomTensor('float64', channels, 4),
    variance: randomTensor('float64', channels, 5, positive),
  };
}

describe.each([[[5, 3]], [[4, 3, 5]], [[2, 3, 4, 2]]])('BatchNormalization of %j', (dims) => {
  test.each(DECLARED)('frozen, declared: %s', async (declared) => {
    const inputs = batchInputs(dims);
    const model = nodeModel({
      operator: 'BatchNormalization',
      inputs,
      attributes: { epsilon: { float: 0.01 } },
      declared,
    });
    await checkGradient({ model, of: 'y', wrt: Object.keys(inputs), inputs });
  });

  test('with the statistics of the batch', async () => {
    const all = batchInputs(dims);
    const inputs = Object.fromEntries(
      Object.entries(all).map(([name, { dims: d, data }]) => [
        name,
        { type: 'float32' as const, dims: d, data: Float32Array.from(data as Float64Array) },
      ]),
    );
    const builder = new GraphBuilder();
    for (const [name, value] of Object.entries(inputs)) builder.input(name, 'float32', value.dims);
    const outputs = ['y', 'running_mean', 'running_variance'];
    builder.node(
      'BatchNormalization',
      Object.keys(inputs),
      { training_mode: { int: 1 }, epsilon: { float: 0.01 } },
      { outputs },
    );
    for (const name of outputs) builder.output(name, 'float32', name === 'y' ? dims : [dims[1]!]);
    await checkGradient({ model: builder.build(), of: 'y', wrt: ['x', 'scale', 'bias'], inputs });
  });
});

describe.each([-1, 1, 2])('LayerNormalization from axis %d on', (axis) => {
  test.each(DECLARED)('declared: %s', async (declared) => {
    const dims = [2, 3, 4];
    const inputs = {
      x: randomTensor('float64', dims, 1),
      scale: randomTensor('float64', dims.slice(axis), 2),
      bias: randomTensor('float64', dims.slice(axis), 3),
    };
    const model = nodeModel({
      operator: 'LayerNormalization',
      inputs,
      attributes: { axis: { int: axis } },
      declared,
    });
    await checkGradient({ model, of: 'y', wrt: ['x', 'scale', 'bias'], inputs });
  });
});

describe.each([[[2, 3, 5]], [[2, 3, 4, 2]]])('InstanceNormalization of %j', (dims) => {
  test.each(DECLARED)('declared: %s', async (declared) => {
    const inputs = {
      x: randomTensor('float32', dims, 1),
      scale: randomTensor('float32', [3], 2),
      bias: randomTensor('float32', [3], 3),
    };
    const model = nodeModel({
      operator: 'InstanceNormalization',
      inputs,
      attributes: { epsilon: { float: 0.01 } },
      declared,
    });
    await checkGradient({ model, of: 'y', wrt: ['x', 'scale', 'bias'], inputs });
  });
});

test('Dropout in training passes the gradient of what was kept, scaled as the output was', async () => {
  const x = randomTensor('float32', [64], 9, positive);
  const constants = {
    ratio: scalar('float32', 0.25),
    training: { type: 'bool', dims: [], data: Uint8Array.of(1) } as const,
  };
  const model = nodeModel({
    operator: 'Dropout',
    inputs: { x },
    constants,
    attributes: { seed: { int: 7 } },
  });
  const result = gradient(model, { of: 'y', wrt: ['x'], seed: 'seed' });
  const session = await openModel(result.model);
  const seed = randomTensor('float32', [64], 10, positive);
  const { y, ...rest } = await session.run({ x, seed });
  await session.release();
  const analytic = rest[result.gradients.get('x')!]!.data as Float32Array;
  const kept = (y!.data as Float32Array).filter((value) => value !== 0).length;
  expect(kept).toBeGreaterThan(32);
  expect(kept).toBeLessThan(64);
  (y!.data as Float32Array).forEach((value, i) => {
    expect(analytic[i]).toBeCloseTo(value === 0 ? 0 : (seed.data[i] as number) / 0.75, 6);
  });
});

checkerAcceptsAll();
