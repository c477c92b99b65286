import { describe, expect, it } from 'vitest';
import { chooseProducts } from './choose-products.ts';

const options = { device: 'cpu', threads: 1 } as const;
const found = await chooseProducts({ ...options, choice: 'auto' });
const hasOneDnn = found.part !== undefined;

describe('what multiplies in a head', () => {
  it('is the graphs of onnxruntime where they are asked for, and beside the processor', async () => {
    for (const [on, why] of [
      [{ choice: 'onnxruntime', device: 'cpu' }, 'as asked for'],
      [{ choice: 'auto', device: 'webgpu' }, 'on webgpu'],
    ] as const)
      expect(await chooseProducts({ ...options, ...on })).toEqual({
        part: undefined,
        name: 'onnxruntime',
        told: `head products onnxruntime: ${why}`,
      });
  });

  it.skipIf(!hasOneDnn)('is oneDNN where it is found, and that is proven (needs oneDNN)', () => {
    expect(found.told).toMatch(
      /^head products oneDNN \d+\.\d+\.\d+ \(\S+\): proven within \de-\d of the float64 reference$/,
    );
  });

  it.skipIf(hasOneDnn)('is told with what would bring oneDNN (needs a machine without)', async () => {
    expect(found.told).toMatch(/^head products onnxruntime: .*; to be faster, install/);
    await expect(chooseProducts({ ...options, choice: 'onednn' })).rejects.toThrow(
      /or say --kernels auto\.$/,
    );
  });

  it('is an error where oneDNN is named for a card', async () => {
    await expect(chooseProducts({ ...options, choice: 'onednn', device: 'webgpu' })).rejects.toThrow(
      /^--kernels onednn with --device webgpu, expected oneDNN, which computes on the processor/,
    );
  });
});
