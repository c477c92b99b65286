import { expect, test } from 'vitest';
import { GraphBuilder } from '../../../builder/graph-builder.ts';
import type { TensorData } from '../../../model/tensor.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';
import { byGraphs, byOneDnn, needsOneDnn, oneDnn, worst } from '../testing/compare.ts';
import { normalised, PADDED } from '../testing/network-parts.ts';

/** Inputs that are no weights and normalise as a face does: far from zero. */
const OFFSET = 5;

test.skipIf(oneDnn === undefined).each(['PRelu', 'Relu'])(
  `statistics of large pictures, and gradients of shifts, keep their digits: %s${needsOneDnn}`,
  async (activation) => {
    const builder = new GraphBuilder({ opset: 17 });
    const inputs: Record<string, TensorData> = {};
    const input = (name: string, dims: readonly number[], offset = 0): string => {
      inputs[name] = randomTensor('float32', dims, Object.keys(inputs).length + 1, (u) => 2 * u - 1 + offset);
      return builder.input(name, 'float32', dims);
    };
    const x = input('x', [6, 3, 48, 48], OFFSET);
    let y = builder.op('Conv', [x, input('w1', [16, 3, 3, 3])], PADDED);
    y = normalised(builder, 'a', y, input, 16);
    y = builder.op(activation, activation === 'Relu' ? [y] : [y, input('slope', [16, 1, 1])]);
    y = normalised(builder, 'b', builder.op('Conv', [y, input('w2', [16, 16, 3, 3])], PADDED), input, 16);
    builder.op('Identity', [y], {}, { outputs: ['result'] });
    builder.output('result', 'float32', undefined);
    const given = { model: builder.build(), of: 'result', wrt: Object.keys(inputs).slice(1), inputs };
    let seed = new Float32Array();
    const expected = await byGraphs(given, ({ data }) => {
      seed = Float32Array.from(data as Float32Array, (_, k) => Math.sin(2.3 * k + 1));
      return seed;
    });
    for (const keepsAll of [true, false]) {
      const actual = await byOneDnn(oneDnn!, given, seed, keepsAll);
      expect(worst(actual.output, expected.output)).toBeLessThan(2e-6);
      for (const name of ['w1', 'w2', 'a.scale', 'a.shift', 'b.scale'])
        expect(worst(actual.gradients.get(name)!, expected.gradients.get(name)!), name).toBeLessThan(2e-5);
    }
  },
);

test.skipIf(oneDnn === undefined)(
  `mean and variance of 150,000 values keep their digits${needsOneDnn}`,
  async () => {
    const [pictures, channels, side] = [48, 16, 56];
    const positions = side ** 2;
    const dims = [pictures, channels, side, side];
    const builder = new GraphBuilder({ opset: 17 });
    const inputs: Record<string, TensorData> = { x: randomTensor('float32', dims, 1, (u) => OFFSET + u) };
    // As a convolution leaves it: in blocks of channels.
    const x = builder.op('Conv', [builder.input('x', 'float32', dims), identityKernel(builder, channels)]);
    const y = normalised(
      builder,
      'bn',
      x,
      (name, of) => {
        inputs[name] = {
          type: 'float32',
          dims: of,
          data: new Float32Array(channels).fill(name.endsWith('scale') ? 1 : 0),
        };
        return builder.input(name, 'float32', of);
      },
      channels,
    );
    builder.op('Identity', [y], {}, { outputs: ['result'] });
    builder.output('result', 'float32', undefined);
    const given = { model: builder.build(), of: 'result', wrt: ['bn.scale', 'bn.shift'], inputs };
    const { output } = await byOneDnn(oneDnn!, given, new Float32Array(pictures * channels * positions));
    const values = inputs.x!.data as Float32Array;
    const at = (channel: number): number[] =>
      Array.from(values.keys()).filter((i) => Math.floor(i / positions) % channels === channel);
    for (const channel of [0, 7, 15]) {
      const own = at(channel);
      const mean = own.reduce((sum, i) => sum + values[i]!, 0) / own.length;
      const variance = own.reduce((sum, i) => sum + (values[i]! - mean) ** 2, 0) / own.length;
      const deviation = Math.sqrt(variance + 1e-5);
      // A shift and a factor alike in all of the channel are seen best in the mean and the size of what comes out.
      const shift = own.reduce((sum, i) => sum + output[i]!, 0) / own.length;
      const size =
        own.reduce((sum, i) => sum + (output[i]! * (values[i]! - mean)) / deviation, 0) / own.length;
      // One float32 a channel is off by 3e-5.
      expect(Math.abs(shift), 'mean').toBeLessThan(8e-6);
      expect(Math.abs((size * deviation ** 2) / variance - 1), 'deviation').toBeLessThan(8e-6);
    }
  },
);

function identityKernel(builder: GraphBuilder, channels: number): string {
  const data = Float32Array.from({ length: channels ** 2 }, (_, i) => (i % (channels + 1) === 0 ? 1 : 0));
  return builder.constant({ type: 'float32', dims: [channels, channels, 1, 1], data });
}
