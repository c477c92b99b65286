import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawImage } from '@cf/data';
import { expect, it } from 'vitest';
import { withPixelNodes } from '../testing/onnx-files.ts';
import { failureOf, SHARED, temporaryFolder } from '../testing.ts';
import { onnxBackbone } from './onnx-backbone.ts';

const path = (name: string): string => join(SHARED, 'cases', name);
/** One that no other seed draws. */
const picture = (seed: number): RawImage => ({
  width: 32,
  height: 32,
  channels: 3,
  data: Uint8Array.from({ length: 3072 }, (_, i) => (i * seed) % 256),
});

const there = existsSync(path('two-outputs.onnx'));

it.skipIf(!there)(
  'a file that nobody says the pixels of is refused with the presets (needs ../shared)',
  async () => {
    const file = path('pixels-normalised-outside.onnx');
    const error = await failureOf(() => onnxBackbone(file));
    expect(error).toMatchObject({ code: 'E_BACKBONE' });
    expect(error.message).toMatch(/--input insightface, imagenet, raw/);
    const backbone = await onnxBackbone(file, { input: 'insightface' });
    expect(backbone.notes).toEqual(['pixels: (x − 127.5) / 127.5, RGB, NCHW']);
    await backbone.dispose();
  },
);

it.skipIf(!there)(
  'pixels normalised outside of the graph embed to the bits of the file that holds both nodes (needs ../shared)',
  async () => {
    const file = path('pixels-normalised-outside.onnx');
    const inside = join(await temporaryFolder(), 'inside.onnx');
    await writeFile(inside, withPixelNodes(await readFile(file), 127.5, 127.5));
    const [outside, whole] = [await onnxBackbone(file, { input: 'insightface' }), await onnxBackbone(inside)];
    const images = [picture(7), picture(31), picture(113)];
    expect(await outside.extract(images)).toEqual(await whole.extract(images));
    expect(whole.notes).toEqual([]);
    await outside.dispose();
    await whole.dispose();
  },
);

it.skipIf(!there)('of two outputs one is named; the error lists them (needs ../shared)', async () => {
  const file = path('two-outputs.onnx');
  const error = await failureOf(() => onnxBackbone(file));
  expect(error.message).toMatch(/'embedding' \[N, 16\], 'norm' \[N, 1\][\s\S]*--output-name/);
  const backbone = await onnxBackbone(file, { outputName: 'embedding' });
  expect(backbone.dim).toBe(16);
  await backbone.dispose();
});

it.skipIf(!there)(
  'a picture embeds alone as beside another, whatever mode the file is in (needs ../shared)',
  async () => {
    const backbone = await onnxBackbone(path('training-mode.onnx'));
    const both = await backbone.extract([picture(7), picture(31)]);
    const alone = await backbone.extract([picture(7)]);
    for (const [i, x] of alone.entries()) expect(both[i]).toBeCloseTo(x, 4);
    await backbone.dispose();
  },
);
