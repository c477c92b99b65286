import fc from 'fast-check';
import { describe, test } from 'vitest';
import type { Attributes } from '../../../model/attributes.ts';
import { checkGradient } from '../../../testing/check-gradient.ts';
import { checkerAcceptsAll } from '../../../testing/checker-test.ts';
import { DECLARED, nodeModel } from '../../../testing/node-model.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

/** Linear in each operand, so a long step costs nothing and gains digits. */
const LINEAR = { step: 1, tolerance: 2e-4 };

interface Drawn {
  readonly rank: number;
  readonly groups: number;
  readonly perGroup: readonly [number, number];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly size: readonly number[];
  readonly autoPad: string;
}

const perAxis = (min: number, max: number, length: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min, max }), { minLength: length, maxLength: length });

const anyWindow: fc.Arbitrary<Drawn> = fc.integer({ min: 1, max: 2 }).chain((rank) =>
  fc.record({
    rank: fc.constant(rank),
    groups: fc.integer({ min: 1, max: 3 }),
    perGroup: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    kernel: perAxis(1, 3, rank),
    strides: perAxis(1, 3, rank),
    dilations: perAxis(1, 2, rank),
    pads: perAxis(0, 2, 2 * rank),
    size: perAxis(5, 8, rank),
    autoPad: fc.constantFrom('NOTSET', 'NOTSET', 'NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'),
  }),
);

/** onnxruntime takes SAME padding without dilations only, and no strides that skip elements. */
const drawn: fc.Arbitrary<Drawn> = anyWindow.map((d) =>
  d.autoPad.startsWith('SAME')
    ? { ...d, dilations: d.kernel.map(() => 1), strides: d.strides.map((s, i) => Math.min(s, d.kernel[i]!)) }
    : d,
);

function windowAttributes({ kernel, strides, dilations, pads, autoPad }: Drawn): Attributes {
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: strides },
    dilations: { ints: dilations },
    ...(autoPad === 'NOTSET' ? { pads: { ints: pads } } : { auto_pad: { string: autoPad } }),
  };
}

test('Conv: groups, strides, dilations, every padding, one and two axes', async () => {
  await fc.assert(
    fc.asyncProperty(drawn, fc.boolean(), fc.constantFrom('shapes', 'ranks'), async (d, bias, known) => {
      const [inPerGroup, outPerGroup] = d.perGroup;
      const inputs = {
        x: randomTensor('float32', [2, d.groups * inPerGroup, ...d.size], 1),
        w: randomTensor('float32', [d.groups * outPerGroup, inPerGroup, ...d.kernel], 2),
        ...(bias && { b: randomTensor('float32', [d.groups * outPerGroup], 3) }),
      };
      const attributes = { ...windowAttributes(d), group: { int: d.groups } };
      const declared = d.autoPad.startsWith('SAME') ? 'shapes' : known;
      const model = nodeModel({ operator: 'Conv', inputs, attributes, declared });
      await checkGradient({ model, of: 'y', wrt: Object.keys(inputs), inputs, ...LINEAR });
    }),
    { numRuns: 60 },
  );
});

test.each(DECLARED)('depthwise Conv, declared: %s', async (declared) => {
  const inputs = { x: randomTensor('float32', [2, 4, 6, 5], 1), w: randomTensor('float32', [4, 1, 3, 3], 2) };
  const attributes = {
    group: { int: 4 },
    kernel_shape: { ints: [3, 3] },
    strides: { ints: [2, 2] },
    pads: { ints: [1, 1, 1, 1] },
  };
  const model = nodeModel({ operator: 'Conv', inputs, attributes, declared });
  await checkGradient({ model, of: 'y', wrt: ['x', 'w'], inputs, ...LINEAR });
});

test('ConvTranspose: groups, strides, dilations, pads, output padding', async () => {
  await fc.assert(
    fc.asyncProperty(drawn, fc.boolean(), fc.constantFrom('shapes', 'ranks'), async (d, extra, declared) => {
      const [inPerGroup, outPerGroup] = d.perGroup;
      const inputs = {
        x: randomTensor('float32', [2, d.groups * inPerGroup, ...d.size], 1),
        w: randomTensor('float32', [d.groups * inPerGroup, outPerGroup, ...d.kernel], 2),
        b: randomTensor('float32', [d.groups * outPerGroup], 3),
      };
      const attributes = {
        ...windowAttributes({ ...d, autoPad: 'NOTSET' }),
        group: { int: d.groups },
        ...(extra && { output_padding: { ints: d.strides.map((stride) => stride - 1) } }),
      };
      const model = nodeModel({ operator: 'ConvTranspose', inputs, attributes, declared });
      await checkGradient({ model, of: 'y', wrt: ['x', 'w', 'b'], inputs, ...LINEAR });
    }),
    { numRuns: 40 },
  );
});

describe('pools', () => {
  /** Windows that always hold an element: padding is below the kernel. */
  const pool = drawn.map((d) => ({
    ...d,
    dilations: d.kernel.map(() => 1),
    pads: d.pads.map((pad, i) => Math.min(pad, d.kernel[i % d.rank]! - 1)),
  }));
  const withoutDilations = (d: Drawn): Attributes => {
    const { dilations: _, ...attributes } = windowAttributes(d);
    return attributes;
  };

  test('AveragePool, counting the padding or not', async () => {
    await fc.assert(
      fc.asyncProperty(pool, fc.boolean(), fc.constantFrom('shapes', 'ranks'), async (d, counts, known) => {
        const inputs = { x: randomTensor('float32', [2, 3, ...d.size], 1) };
        const attributes = { ...withoutDilations(d), count_include_pad: { int: counts ? 1 : 0 } };
        const declared = d.autoPad.startsWith('SAME') ? 'shapes' : known;
        const model = nodeModel({ operator: 'AveragePool', inputs, attributes, declared });
        await checkGradient({ model, of: 'y', wrt: ['x'], inputs, ...LINEAR });
      }),
      { numRuns: 30 },
    );
  });

  test('MaxPool', async () => {
    await fc.assert(
      fc.asyncProperty(pool, fc.constantFrom(...DECLARED), fc.nat(1), async (d, declared, ceil) => {
        // Distinct numbers, further apart than the step: no window changes its greatest element.
        const count = 6 * d.size.reduce((a, b) => a * b, 1);
        const data = Float32Array.from({ length: count }, (_, i) => ((i * 7919) % count) / 16);
        const x = { type: 'float32', dims: [2, 3, ...d.size], data } as const;
        const attributes = {
          ...withoutDilations(d),
          ...(d.autoPad === 'NOTSET' && { ceil_mode: { int: ceil } }),
        };
        const model = nodeModel({ operator: 'MaxPool', inputs: { x }, attributes, declared });
        await checkGradient({ model, of: 'y', wrt: ['x'], inputs: { x } });
      }),
      { numRuns: 30 },
    );
  });
});

checkerAcceptsAll();
