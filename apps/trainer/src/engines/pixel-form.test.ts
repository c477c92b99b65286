import { expect, it } from 'vitest';
import { failureOf } from '../testing.ts';
import { askedPixels, networkInput, RAW } from './pixel-form.ts';

const size = { height: 1, width: 2 };
// Two pixels of one picture: red 1, 2; green 3, 4; blue 5, 6.
const values = Float32Array.of(1, 2, 3, 4, 5, 6);

it('pixels that are wanted as they are stay the same array', () => {
  expect(networkInput(values, size, RAW)).toBe(values);
});

it('mean and deviation are of the network’s own channels, in its order and layout', () => {
  const form = { ...RAW, mean: [1, 2, 3], std: [1, 2, 4], order: 'bgr', layout: 'nhwc' } as const;
  expect([...networkInput(values, size, form)]).toEqual([4, 0.5, -0.5, 5, 1, -0.25]);
  expect([...networkInput(values, size, { ...form, layout: 'nchw' })]).toEqual([4, 5, 0.5, 1, -0.5, -0.25]);
});

it('flags go before a preset, and what is not said stays open', () => {
  expect(askedPixels({})).toEqual({});
  expect(askedPixels({ input: 'insightface', inputStd: '128' })).toEqual({
    mean: [127.5, 127.5, 127.5],
    std: [128, 128, 128],
  });
  expect(askedPixels({ inputOrder: 'bgr' })).toEqual({ order: 'bgr' });
});

it('numbers of a preset go with their colours, numbers of flags with the channels of the network', () => {
  expect(askedPixels({ input: 'imagenet', inputOrder: 'bgr' })).toEqual({
    mean: [103.53, 116.28, 123.675],
    std: [57.375, 57.12, 58.395],
    order: 'bgr',
  });
  expect(askedPixels({ inputMean: '1,2,3', inputOrder: 'bgr' }).mean).toEqual([1, 2, 3]);
});

it.each(['', '1,2', 'x', '0', '1,-2,3'])('refuses the deviation %j', async (inputStd) => {
  expect(await failureOf(() => askedPixels({ inputStd }))).toMatchObject({ code: 'E_USAGE' });
});
