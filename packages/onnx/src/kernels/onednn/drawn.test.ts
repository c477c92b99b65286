import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeModel } from '../../testing/node-model.ts';
import { randomTensor } from '../../testing/random-tensor.ts';
import { byGraphs, byOneDnn, type Differentiated, needsOneDnn, oneDnn, worst } from './testing/compare.ts';

const ODD = [1, 3, 7, 16, 41];

/** Strides, dilations and paddings of two axes that leave at least one window. */
const windows = fc
  .record({
    kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
    strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    dilations: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    // Less than a window, so that none lies in them alone.
    pads: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)),
    more: fc.tuple(fc.nat(9), fc.nat(9)),
  })
  .map(({ kernel, strides, dilations, pads, more }) => {
    const reach = kernel.map((size, axis) => (size - 1) * dilations[axis]! + 1);
    return {
      size: reach.map((length, axis) => length + more[axis]!),
      kernel,
      attributes: {
        kernel_shape: { ints: kernel },
        strides: { ints: strides },
        dilations: { ints: dilations },
        pads: { ints: pads.map((pad, i) => Math.min(pad, kernel[i % 2]! - 1)) },
      },
    };
  });

async function agrees(given: Differentiated): Promise<void> {
  let seed = new Float32Array();
  const expected = await byGraphs(given, ({ data }) => {
    seed = Float32Array.from(data as Float32Array, (_, k) => 0.5 + Math.sin(2.3 * k + 1));
    return seed;
  });
  const actual = await byOneDnn(oneDnn!, given, seed);
  expect(worst(actual.output, expected.output)).toBeLessThan(1e-5);
  for (const [name, gradient] of expected.gradients)
    expect(worst(actual.gradients.get(name)!, gradient), name).toBeLessThan(1e-5);
}

test.skipIf(oneDnn === undefined)(
  `convolutions of any size, groups, strides, dilations and paddings${needsOneDnn}`,
  () =>
    fc.assert(
      fc.asyncProperty(
        windows,
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(...ODD),
        fc.constantFrom(...ODD),
        fc.constantFrom(1, 2, 5),
        fc.boolean(),
        async ({ size, kernel, attributes }, batch, from, to, groups, hasBias) => {
          const inputs = {
            x: randomTensor('float32', [batch, from * groups, ...size], 1),
            w: randomTensor('float32', [to * groups, from, ...kernel], 2),
            ...(hasBias && { b: randomTensor('float32', [to * groups], 3) }),
          };
          const model = nodeModel({
            operator: 'Conv',
            inputs,
            attributes: { ...attributes, group: { int: groups } },
          });
          await agrees({ model, of: 'y', wrt: Object.keys(inputs), inputs });
        },
      ),
      { numRuns: 60 },
    ),
);

test.skipIf(oneDnn === undefined)(`pools of any size, strides and paddings${needsOneDnn}`, () =>
  fc.assert(
    fc.asyncProperty(
      windows,
      fc.constantFrom(...ODD),
      fc.constantFrom('MaxPool', 'AveragePool', 'padded'),
      fc.boolean(),
      async ({ size, attributes: { dilations, ...attributes } }, channels, kind, isUp) => {
        const inputs = { x: randomTensor('float32', [2, channels, ...size], 1) };
        const isMax = kind === 'MaxPool';
        const model = nodeModel({
          operator: isMax ? 'MaxPool' : 'AveragePool',
          inputs,
          attributes: {
            ...attributes,
            ...(isMax && { dilations, ceil_mode: { int: Number(isUp) } }),
            ...(kind === 'padded' && { count_include_pad: { int: 1 } }),
          },
        });
        await agrees({ model, of: 'y', wrt: ['x'], inputs });
      },
    ),
    { numRuns: 60 },
  ),
);
