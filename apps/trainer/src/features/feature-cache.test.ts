import { appendFile, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syntheticFaces } from '@cf/data/node';
import { beforeEach, describe, expect, it } from 'vitest';
import { drawnImages, fileImages, listFingerprint } from '../dataset/image-source.ts';
import type { FileSettings } from '../engines/onnx-file.ts';
import { writeTensors } from '../run/safetensors.ts';
import { smallOnnx, withOutput } from '../testing/onnx-files.ts';
import { temporaryFolder } from '../testing.ts';
import { type KeptFeatures, readFeatures, writeFeatures } from './feature-cache.ts';
import { mergeTables } from './feature-table.ts';
import { onnxBackbone } from './onnx-backbone.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

const problem = { path: 'b.jpg', kind: 'unreadable image', message: 'b.jpg: cut short' } as const;
const kept: KeptFeatures = {
  table: {
    dim: 2,
    indices: Int32Array.of(0, 2),
    rows: Float32Array.of(1, 2, 3, 4),
    mirrored: Float32Array.of(5, 6, 0, 0),
  },
  problems: new Map([[1, problem]]),
};
const origin = { extractor: 'abc', pictures: ['a', 'b', 'c'], mirrored: new Set([0]) };

describe('readFeatures', () => {
  let path: string;
  beforeEach(async () => {
    path = join(folder, 'features.safetensors');
  });

  it('gives back what was written', async () => {
    await writeFeatures(path, kept, origin);
    expect(await readFeatures(path, origin)).toEqual({ ...kept, lacking: [] });
    const single = { table: { ...kept.table, mirrored: undefined }, problems: new Map([[1, problem]]) };
    const unmirrored = { ...origin, mirrored: new Set<number>() };
    await writeFeatures(path, single, unmirrored);
    expect(await readFeatures(path, unmirrored)).toEqual({ ...single, lacking: [] });
    expect(await readFeatures(path, origin)).toMatchObject({ lacking: [0] });
  });

  it('finds the pictures asked for, of more than those and in any order, and tells what is lacking', async () => {
    await writeFeatures(path, kept, origin);
    expect(await readFeatures(path, { ...origin, pictures: ['c', 'd', 'a'], mirrored: new Set() })).toEqual({
      table: {
        dim: 2,
        indices: Int32Array.of(0, 2),
        rows: Float32Array.of(3, 4, 1, 2),
        mirrored: undefined,
      },
      problems: new Map(),
      lacking: [1],
    });
    const both = await readFeatures(path, {
      ...origin,
      pictures: ['c', 'b', 'a'],
      mirrored: new Set([0, 2]),
    });
    expect(both).toEqual({
      table: {
        dim: 2,
        indices: Int32Array.of(2),
        rows: Float32Array.of(1, 2),
        mirrored: Float32Array.of(5, 6),
      },
      problems: new Map([[1, problem]]),
      lacking: [0],
    });
    expect(await readFeatures(path, { ...origin, pictures: ['d', 'e'] })).toBeUndefined();
  });

  it('has what is mirrored only where it is asked for', async () => {
    await writeFeatures(path, kept, origin);
    const asked = { ...origin, pictures: ['a', 'a'], mirrored: new Set([1]) };
    expect((await readFeatures(path, asked))?.table.mirrored).toEqual(Float32Array.of(0, 0, 5, 6));
  });

  it('lets a strict run meet what could not be read', async () => {
    await writeFeatures(path, kept, origin);
    expect(await readFeatures(path, origin, true)).toMatchObject({ problems: new Map(), lacking: [1] });
  });

  it('gives nothing for a file that is missing, cut short, of another extractor or another thing', async () => {
    expect(await readFeatures(path, origin)).toBeUndefined();
    await writeFeatures(path, kept, origin);
    expect(await readFeatures(path, { ...origin, extractor: 'abd' })).toBeUndefined();
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 3));
    expect(await readFeatures(path, origin)).toBeUndefined();
    await writeTensors(path, { tensors: {}, metadata: { format: 'other', extractor: 'abc' } });
    expect(await readFeatures(path, origin)).toBeUndefined();
  });
});

describe('mergeTables', () => {
  it('puts the rows of both in the order of the list', () => {
    const other = {
      dim: 2,
      indices: Int32Array.of(1, 3),
      rows: Float32Array.of(7, 8, 9, 0),
      mirrored: undefined,
    };
    expect(mergeTables(kept.table, other)).toEqual({
      dim: 2,
      indices: Int32Array.of(0, 1, 2, 3),
      rows: Float32Array.of(1, 2, 7, 8, 3, 4, 9, 0),
      mirrored: Float32Array.of(5, 6, 0, 0, 0, 0, 0, 0),
    });
    expect(mergeTables(other, { ...kept.table, mirrored: undefined }).mirrored).toBeUndefined();
  });
});

describe('fingerprints', () => {
  it('stays for the same pictures and changes with any of them', async () => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    for (const file of [a, b]) await writeFile(file, 'picture');
    const seen = new Set<string>();
    const add = async (files: string[]): Promise<void> => {
      const text = await listFingerprint(fileImages(files));
      expect(await listFingerprint(fileImages(files))).toBe(text);
      expect(seen).not.toContain(text);
      seen.add(text);
    };
    await add([a, b]);
    await add([b, a]);
    await add([a]);
    await add([a, join(folder, 'missing')]);
    await appendFile(a, '!');
    await add([a, b]);
    await utimes(b, 1, 1);
    await add([a, b]);
  });

  it('of an extractor changes with the backbone, with its pixels, and with what is done to the file', async () => {
    const file = join(folder, 'x.onnx');
    const of = async (settings: FileSettings = {}): Promise<string> => {
      const extractor = await onnxBackbone(file, settings);
      await extractor.dispose();
      return extractor.fingerprint;
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
      return listFingerprint(drawnImages(faces, [{ identityIndex: 0, imageIndex }]));
    };
    const all = await Promise.all([of(0, 1, 0), of(1, 1, 0), of(0, 0, 0), of(0, 1, 1), of(0, 1, 0)]);
    expect(new Set(all).size).toBe(4);
    expect(all[4]).toBe(all[0]);
  });
});
