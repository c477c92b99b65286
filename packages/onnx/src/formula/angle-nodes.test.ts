import * as runtime from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { encodeModel } from '../model/codec.ts';
import { arcTangentNode, cosineNode, sineNode } from './angle-nodes.ts';

async function values(
  node: (builder: GraphBuilder, a: string) => string,
  inputs: Float32Array,
): Promise<Float32Array> {
  const builder = new GraphBuilder({ name: 'angle' });
  builder.input('a', 'float32', ['n']);
  builder.output(builder.op('Identity', [node(builder, 'a')], {}, { outputs: ['y'] }), 'float32', ['n']);
  const session = await runtime.InferenceSession.create(encodeModel(builder.build()));
  const { y } = await session.run({ a: new runtime.Tensor('float32', inputs, [inputs.length]) });
  return y!.data as Float32Array;
}

const spread = (low: number, high: number): Float32Array =>
  Float32Array.from({ length: 4001 }, (_, i) => low + ((high - low) * i) / 4000);

test.each([
  ['cos', cosineNode, Math.cos],
  ['sin', sineNode, Math.sin],
] as const)('%s is that of float64 to 6e-7, up to five turns', async (_, node, exact) => {
  const inputs = spread(-31, 31);
  (await values(node, inputs)).forEach((value, i) => {
    expect(Math.abs(value - exact(inputs[i]!))).toBeLessThan(6e-7);
  });
});

test('sin and atan keep their digits near 0, and atan everywhere', async () => {
  const small = Float32Array.from({ length: 60 }, (_, i) => 1.3 * 2 ** -i);
  const large = Float32Array.from(small, (value) => -3 / value);
  const check = (actual: Float32Array, inputs: Float32Array, exact: (x: number) => number): void =>
    actual.forEach((value, i) => {
      const expected = exact(inputs[i]!);
      expect(Math.abs(value / expected - 1)).toBeLessThan(6e-7);
    });
  check(await values(sineNode, small), small, Math.sin);
  for (const inputs of [small, large, spread(0.01, 4)])
    check(await values(arcTangentNode, inputs), inputs, Math.atan);
  expect(Array.from(await values(arcTangentNode, Float32Array.of(0)))).toEqual([0]);
});
