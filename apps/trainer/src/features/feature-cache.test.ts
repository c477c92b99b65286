import { appendFile, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syntheticFaces } from '@cf/data/node';
import { beforeEach, describe, expect, it } from 'vitest';
import { drawnImages, fileImages } from '../dataset/image-source.ts';
import type { FileSettings } from '../engines/onnx-file.ts';
import { writeTensors } from '../run/safetensors.ts';
import { smallOnnx, withOutput } from '../testing/onnx-files.ts';
import { temporaryFolder } from '../testing.ts';
import { featureFingerprint, type KeptFeatures, readFeatures, writeFeatures } from './feature-cache.ts';
import { onnxBackbone } from './onnx-backbone.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

const kept: KeptFeatures = {
  table: {
    dim: 2,
    indices: Int32Array.of(0, 2),
    rows: Float32Array.of(1, 2, 3, 4),
    mirrored: Float32Array.of(5, 6, 0, 0),
  },
  problems: [{ path: 'ž.jpg', kind: 'unreadable image', message: 'ž.jpg: cut short' }],
};

describe('readFeatures', () => {
  it('gives back what was written under the same fingerprint', async () => {
    const path = join(folder, 'features.safetensors');
    await writeFeatures(path, kept, 'abc');
    expect(await readFeatures(path, 'abc')).toEqual(kept);
    expect(await readFeatures(path, 'abd')).toBeUndefined();
    const single = { table: { ...kept.table, mirrored: undefined }, problems: [] };
    await writeFeatures(path, single, 'abc');
    expect(await readFeatures(path, 'abc')).toEqual(single);
  });

  it('gives nothing for a file that is missing, cut short or another thing', async () => {
    const path = join(folder, 'features.safetensors');
    expect(await readFeatures(path, 'abc')).toBeUndefined();
    await writeFeatures(path, kept, 'abc');
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 3));
    expect(await readFeatures(path, 'abc')).toBeUndefined();
    await writeTensors(path, { tensors: {}, metadata: { format: 'other', fingerprint: 'abc' } });
    expect(await readFeatures(path, 'abc')).toBeUndefined();
  });
});

describe('featureFingerprint', () => {
  const pixels = { fingerprint: 'pixels 16' };

  it('stays for the same pictures and changes with any of them', async () => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    for (const file of [a, b]) await writeFile(file, 'picture');
    const seen = new Set<string>();
    const fingerprint = (files: string[], mirrored: number[] = [0], features = pixels) =>
      featureFingerprint(features, fileImages(files), mirrored);
    const add = async (...args: Parameters<typeof fingerprint>): Promise<void> => {
      const text = await fingerprint(...args);
      expect(await fingerprint(...args)).toBe(text);
      expect(seen).not.toContain(text);
      seen.add(text);
    };
    await add([a, b]);
    await add([b, a]);
    await add([a]);
    await add([a, join(folder, 'missing')]);
    await add([a, b], [1]);
    await add([a, b], [0], { fingerprint: 'pixels 8' });
    await appendFile(a, '!');
    await add([a, b]);
    await utimes(b, 1, 1);
    await add([a, b]);
  });

  it('changes with a backbone, with its pixels, and with what is done to the file', async () => {
    const file = join(folder, 'x.onnx');
    const of = async (settings: FileSettings = {}): Promise<string> => {
      const extractor = await onnxBackbone(file, settings);
      await extractor.dispose();
      return featureFingerprint(extractor, fileImages([]), []);
    };
    const settings: FileSettings[] = [
      { input: 'raw' },
      { input: 'insightface' },
      { inputStd: '128' },
      { input: 'raw', inputOrder: 'bgr' },
      { input: 'raw', outputName: 'flatten' },
    ];
    const seen = new Set<string>();
    await writeFile(file, withOutput(smallOnnx({ normalised: false }), 'flatten', ['N', 128]));
    for (const one of settings.map((each) => ({ outputName: 'embedding', ...each }))) seen.add(await of(one));
    expect(seen.size).toBe(settings.length);
    expect(seen).toContain(await of({ outputName: 'embedding', input: 'raw' }));
    await writeFile(file, smallOnnx());
    seen.add(await of());
    expect(seen.size).toBe(settings.length + 1);
  });

  it('changes with the parameters of a drawing', async () => {
    const of = (seed: number, difficulty: number, imageIndex: number): Promise<string> => {
      const faces = syntheticFaces({ seed, difficulty, identities: 2, imagesPerIdentity: 2 });
      return featureFingerprint(pixels, drawnImages(faces, [{ identityIndex: 0, imageIndex }]), []);
    };
    const all = await Promise.all([of(0, 1, 0), of(1, 1, 0), of(0, 0, 0), of(0, 1, 1), of(0, 1, 0)]);
    expect(new Set(all).size).toBe(4);
    expect(all[4]).toBe(all[0]);
  });
});
