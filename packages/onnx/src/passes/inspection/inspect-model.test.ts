import { expect, test } from 'vitest';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import { graphOf } from '../../model/model.ts';
import { randomTensor, scalar } from '../../testing/random-tensor.ts';
import { openModel } from '../../testing/run-model.ts';
import { smallImages, smallNet } from '../testing.ts';
import { seedOf, splitForm } from '../training-form/split-form.ts';
import { trainingForm } from '../training-form/training-form.ts';
import { inspectModel } from './inspect-model.ts';

test('what a network holds, costs and trains', () => {
  const found = inspectModel(smallNet(), { batch: 8 });
  expect(found.refusals).toEqual([]);
  expect([found.input, found.output, found.opset, found.smallestBatch]).toEqual(['data', 'embedding', 17, 1]);
  const conv = found.layers.find(({ name }) => name === 'conv');
  expect(conv).toMatchObject({ shape: [1, 3, 4, 4], parameters: 57, multiplyAdds: 864 });
  expect(found.totals).toMatchObject({ trainedParameters: 57 + 6 + 3 + 144 + 3, multiplyAdds: 864 + 144 });
  expect(found.trained.find(({ name }) => name === 'linear.bias')).toMatchObject({
    kind: 'bias',
    layer: 'embedding',
  });
  expect(found.frozen.map(({ name }) => name).sort()).toEqual(['bn.mean', 'bn.var', 'mean', 'scale']);
  const { kind, ...pixels } = found.pixels as { kind: string; mean: number[]; scale: number[] };
  expect(kind).toBe('normalised');
  expect(pixels.mean[0]).toBeCloseTo(127.5, 4);
  expect(pixels.scale[0]).toBeCloseTo(1 / 127.5, 8);
});

test('all that stands in the way is told, and nothing throws', () => {
  const net = new GraphBuilder();
  let x = net.input('data', 'float32', ['N', 4]);
  x = net.op('MatMul', [x, net.initializer('w', randomTensor('float32', [4, 4], 1))]);
  x = net.op('Det', [x], {}, { name: 'first' });
  x = net.op('Det', [x], {}, { name: 'second', outputs: ['embedding'] });
  net.output(x, 'float32', ['N']);
  const { refusals } = inspectModel(net.build());
  expect(refusals.flatMap(({ place }) => place?.node ?? [])).toEqual(['first', 'second']);
  expect(refusals.filter(({ place }) => place === undefined)).toMatchObject([
    { text: expect.stringMatching(/embeddings/) },
  ]);
  net.output('w', 'float32', [4, 4]);
  expect(inspectModel(net.build()).refusals[0]?.text).toMatch(/name the output/);
});

test('memory is what training keeps: saved values as the way forward hands them over', async () => {
  const batch = 3;
  const { memory } = inspectModel(smallNet({ dropout: 0.25 }), { batch });
  const form = trainingForm(smallNet({ dropout: 0.25 }));
  const { forward, saved } = splitForm(form, seedOf(form), 'saved');
  const session = await openModel(forward);
  const shapes = new Map(
    [...form.parameters, ...form.statistics].map(({ name, dims }) => [name, dims] as const),
  );
  for (const { name, sample } of form.masks) shapes.set(name, [batch, ...sample]);
  const given = [...shapes].map(([name, dims]) => [name, randomTensor('float32', dims, 1, (u) => u + 0.5)]);
  const data = { type: 'float32', dims: [batch, 2, 4, 4], data: smallImages(batch, 1) } as const;
  const results = await session.run({ ...Object.fromEntries(given), data });
  await session.release();
  const kept = saved.reduce((bytes, name) => bytes + results[name]!.data.byteLength, 0);
  expect(graphOf(forward).input.map(({ name }) => name)).toContain('data');
  expect(memory.savedBytes).toBe(kept + 4 * batch * (32 + 48));
  expect(memory.activationBytesPerSample).toBe(memory.savedBytes / batch);
  const weights = 57 + 6 + 3 + 144 + 3;
  expect(memory).toMatchObject({
    gradientBytes: 4 * weights,
    optimiserBytes: 8 * weights,
    // Two sets of statistics; mean, scale and ratio of dropout once.
    weightBytes: 8 * weights + 8 * 6 + 4 * 3,
  });
  expect(memory.workBytes).toBeGreaterThan(0);
  const { weightBytes, gradientBytes, optimiserBytes, savedBytes, workBytes, totalBytes } = memory;
  expect(totalBytes).toBe(weightBytes + gradientBytes + optimiserBytes + savedBytes + workBytes);
  const twice = inspectModel(smallNet({ dropout: 0.25 }), { batch: 2 * batch }).memory;
  expect(twice.savedBytes).toBe(2 * savedBytes);
});

test('what waits for nobody takes no memory: a longer chain has no more work at once', () => {
  const workOf = (steps: number): number => {
    const net = new GraphBuilder();
    let x = net.op('MatMul', [
      net.input('data', 'float32', ['N', 4]),
      net.initializer('w', randomTensor('float32', [4, 4], 1)),
    ]);
    for (let i = 0; i < steps; i++) x = net.op('Add', [x, net.constant(scalar('float32', 3))]);
    net.op('Add', [x, x], {}, { outputs: ['embedding'] });
    net.output('embedding', 'float32', ['N', 4]);
    return inspectModel(net.build(), { batch: 5 }).memory.workBytes;
  };
  const [two, four, eight] = [2, 4, 8].map(workOf);
  expect([four, eight]).toEqual([two, two]);
  // On the way forward two values of [5, 4] at once; the way back has some of its own.
  expect(two).toBeGreaterThan(2 * 4 * 5 * 4);
});

test('integers are no frozen weights', () => {
  const net = new GraphBuilder();
  const rows = net.initializer('rows', { type: 'int64', dims: [2], data: BigInt64Array.of(-1n, 4n) });
  const x = net.op('Reshape', [net.input('data', 'float32', ['N', 2, 2]), rows]);
  const w = net.initializer('w', randomTensor('float32', [4, 4], 1));
  net.op('MatMul', [x, w], {}, { outputs: ['embedding'] });
  net.output('embedding', 'float32', ['N', 4]);
  expect(inspectModel(net.build())).toMatchObject({ frozen: [], refusals: [] });
});
