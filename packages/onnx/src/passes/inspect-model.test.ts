import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { inspectModel } from './inspect-model.ts';
import { smallNet } from './testing.ts';

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
