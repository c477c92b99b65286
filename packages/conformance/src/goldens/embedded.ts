import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type GoldenFile, parseGoldens } from './golden-file.ts';

/** Files of golden values that come with this package. */
export const GOLDEN_FILES = ['losses', 'losses-more', 'losses-variants'] as const;

export type GoldenFileName = (typeof GOLDEN_FILES)[number];

/**
 * The golden cases that come with this package: what published code computes, in float64. `losses` are the losses that
 * CurricularFace is compared with, by their authors' code (220 cases); `losses-more` (75) and `losses-variants` (44) the younger
 * ones and their variants.
 *
 * @param names default: all.
 */
export async function embeddedGoldens(names: readonly GoldenFileName[] = GOLDEN_FILES): Promise<GoldenFile> {
  const files = await Promise.all(names.map(read));
  return { cases: files.flatMap(({ cases }) => cases) };
}

async function read(name: GoldenFileName): Promise<GoldenFile> {
  // Seen from the bundle the fixtures are one folder up, from the source two.
  const candidates = [`../fixtures/${name}.json`, `../../fixtures/${name}.json`];
  const urls = candidates.map((path) => new URL(path, import.meta.url));
  return parseGoldens(
    await readFile(urls.find((url) => existsSync(url)) ?? urls[0]!, 'utf8'),
    `${name}.json`,
  );
}
