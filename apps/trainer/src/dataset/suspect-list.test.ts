import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../exit-codes.ts';
import { failureOf, temporaryFolder } from '../testing.ts';
import type { Dataset } from './dataset.ts';
import { fileImages } from './image-source.ts';
import { suspectLines, withoutSuspects } from './suspect-list.ts';

const files = ['a/1.jpg', 'a/2.jpg', 'b/1.jpg', 'c/1.jpg', 'c/2.jpg', 'd/1.jpg'];
const dataset = {
  images: fileImages(files.map((file) => `/pictures/${file}`)),
  labels: Int32Array.of(0, 0, 1, 2, 2, -1),
  names: ['a', 'b', 'c'],
} as unknown as Dataset;

async function without(text: string): Promise<Dataset> {
  const file = join(await temporaryFolder(), 'list.jsonl');
  await writeFile(file, text);
  return withoutSuspects(dataset, file);
}

const listed = (...pictures: readonly [string, string][]): string =>
  suspectLines(pictures.map(([picture, identity]) => ({ picture, identity, angle: 80 })));

describe('withoutSuspects', () => {
  it('leaves the listed pictures out, and identities without any', async () => {
    const { labels, names, images } = await without(listed(['a/2.jpg', 'a'], ['b/1.jpg', 'b']));
    expect([...labels]).toEqual([0, -1, -1, 1, 1, -1]);
    expect(names).toEqual(['a', 'c']);
    expect(images).toBe(dataset.images);
    expect([...dataset.labels]).toEqual([0, 0, 1, 2, 2, -1]);
  });

  it('changes nothing without a list, or with an empty one', async () => {
    expect(await withoutSuspects(dataset, undefined)).toBe(dataset);
    expect(await without('')).toEqual(dataset);
  });

  it.each<[string, string, RegExp]>([
    [
      'a line that is none',
      `${listed(['a/1.jpg', 'a'])}\nnothing\n`,
      /line 3 of '.*list\.jsonl' \(.*JSON.*\), expected a picture/,
    ],
    ['a line without a picture', '{"identity":"a"}\n', /line 1 of '.*' \(picture: /],
    ['a line that is null', 'null\n', /line 1 of/],
    ['an unknown picture', listed(['e/1.jpg', 'e']), /'e\/1\.jpg', which is not trained on/],
    ['a picture that only pairs use', listed(['d/1.jpg', 'd']), /'d\/1\.jpg', which is not trained on/],
    ['another label', listed(['a/1.jpg', 'c']), /'a\/1\.jpg' as 'c', which here is 'a'/],
    [
      'too much',
      listed(['a/1.jpg', 'a'], ['a/2.jpg', 'a'], ['b/1.jpg', 'b']),
      /which leaves 1 identity, expected at least 2/,
    ],
  ])('refuses %s', async (_, text, message) => {
    const error = await failureOf(() => without(text));
    expect(error.message).toMatch(message);
    expect(exitCodeOf(error)).toBe(2);
  });

  it('refuses a list that is not there', async () => {
    const error = await failureOf(() => withoutSuspects(dataset, '/no/list.jsonl'));
    expect(error.message).toMatch(/^--drop-suspects \/no\/list\.jsonl/);
  });
});
