import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type GoldenFile, parseGoldens } from './golden-file.ts';

/** The 220 golden cases that come with this package: what the authors' published code computes, in float64. */
export async function embeddedGoldens(): Promise<GoldenFile> {
  // Seen from the bundle the fixtures are one folder up, from the source two.
  const candidates = ['../fixtures/losses.json', '../../fixtures/losses.json'];
  const urls = candidates.map((path) => new URL(path, import.meta.url));
  return parseGoldens(await readFile(urls.find((url) => existsSync(url)) ?? urls[0]!, 'utf8'), 'losses.json');
}
