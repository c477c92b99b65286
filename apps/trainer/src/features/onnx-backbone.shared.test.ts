import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePairs } from '@cf/data';
import { resolvePairs } from '@cf/data/node';
import { pairScores } from '@cf/eval';
import { describe, expect, it } from 'vitest';
import { fileImages } from '../dataset/image-source.ts';
import { SHARED, withoutProgress } from '../testing.ts';
import { extractFeatures } from './feature-table.ts';
import { onnxBackbone } from './onnx-backbone.ts';

const model = join(SHARED, 'models/mobilefacenet-y1.onnx');
const faces = join(SHARED, 'data/lfw-112');
const list = join(SHARED, 'data/lfw-protocol/pairs.txt');
const exist = [model, faces, list].every((path) => existsSync(path));

describe.skipIf(!exist)('a real backbone on real faces (needs ../shared)', () => {
  withoutProgress();

  it('embeds 40 pairs of fold 10 and parts the genuine from the impostor ones', async () => {
    const all = await resolvePairs(parsePairs(await readFile(list, 'utf8'), list), faces);
    const fold = all.pairs.filter((pair) => pair.fold === 9);
    const kind = (same: boolean) => fold.filter((pair) => pair.same === same).slice(0, 20);
    const pairs = [...kind(true), ...kind(false)];
    expect(pairs).toHaveLength(40);
    const files = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))];
    const backbone = await onnxBackbone(model);
    try {
      expect(backbone).toMatchObject({ dim: 128, shape: { width: 112, height: 112, channels: 3 } });
      const table = await extractFeatures('test', fileImages(files), backbone, {
        mirror: () => false,
        strict: true,
        onProblem: () => {},
        signal: new AbortController().signal,
      });
      expect([...table.indices]).toEqual(files.map((_, i) => i));
      expect(table.rows).toHaveLength(128 * files.length);
      expect(table.rows.every(Number.isFinite)).toBe(true);
      const places = pairs.map(({ a, b }) => [files.indexOf(a), files.indexOf(b)] as const);
      const scores = [...pairScores(table.rows, 128, places)];
      const right = scores.filter((score, i) => score >= 0.25 === pairs[i]!.same).length;
      expect(right).toBeGreaterThanOrEqual(38);
      const mean = (part: number[]): number => part.reduce((sum, score) => sum + score, 0) / part.length;
      expect(mean(scores.slice(0, 20)) - mean(scores.slice(20))).toBeGreaterThan(0.3);
    } finally {
      await backbone.dispose();
    }
  });
});
