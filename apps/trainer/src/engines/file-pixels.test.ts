import { decodeModel, PIXELS_KEY, withMetadata } from '@cf/onnx';
import { describe, expect, it } from 'vitest';
import { smallOnnx, withPixelNodes } from '../testing/onnx-files.ts';
import { failureOf } from '../testing.ts';
import { type FilePixels, filePixels } from './file-pixels.ts';
import { type AskedPixels, askedPixels } from './pixel-form.ts';

const OPEN = smallOnnx({ normalised: false });

const found = (bytes: Uint8Array, asked: AskedPixels): FilePixels | undefined => {
  const model = decodeModel(bytes);
  return filePixels('a.onnx', { model, input: model.graph!.input[0]!.name }, { asked, layout: 'nchw' });
};

describe('a file that normalises its pixels, beside a flag', () => {
  const insightface = askedPixels({ input: 'insightface' });

  it.each([
    [127.5, 127.5],
    [127.5, 128],
    [128, 128],
  ])('(x − %d) / %d is the same', (mean, std) => {
    expect(found(withPixelNodes(OPEN, mean, std), insightface)?.form.std).toEqual([1, 1, 1]);
  });

  it.each([
    [123, 127.5],
    [127.5, 123],
    [0, 127.5],
  ])('(x − %d) / %d is another', async (mean, std) => {
    const error = await failureOf(() => found(withPixelNodes(OPEN, mean, std), insightface));
    expect(error.message).toMatch(/expected pixels that are normalised once/);
  });
});

it.each([
  'none',
  '{}',
  '{"mean": [0, 0, 0], "std": [1, 1], "order": "rgb", "layout": "nchw"}',
  '{"mean": [0, 0, null], "std": [1, 1, 1], "order": "rgb", "layout": "nchw"}',
  '{"mean": [0, 0, 0], "std": [1, 0, 1], "order": "rgb", "layout": "nchw"}',
  '{"mean": [0, 0, 0], "std": [1, 1, 1], "order": "grb", "layout": "nchw"}',
  '{"mean": [0, 0, 0], "std": [1, 1, 1], "order": "rgb", "layout": "hwc"}',
])('metadata that are no pixels are refused: %s', async (text) => {
  const model = withMetadata(decodeModel(OPEN), PIXELS_KEY, text);
  const given = { model, input: 'data' };
  const error = await failureOf(() => filePixels('a.onnx', given, { asked: {}, layout: 'nchw' }));
  expect(error).toMatchObject({ code: 'E_BACKBONE' });
  expect(error.message).toContain(`${PIXELS_KEY} = ${text}`);
});
