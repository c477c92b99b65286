import { expect, it } from 'vitest';
import { templateEmbeddings } from './template-embeddings.ts';

const unit = (x: number, y: number) => [x / Math.hypot(x, y), y / Math.hypot(x, y)];

it('averages the frames of a video, then the media, and brings the mean to length 1', () => {
  const embeddings = Float32Array.of(2, 0, 4, 0, 0, 8, 0, 0, 1, -1, -1, 1);
  const templates = [7, 7, 7, 'zero', 'gone', 'gone'];
  const found = templateEmbeddings({
    embeddings,
    dim: 2,
    templates,
    media: ['clip', 'clip', 'photo', 0, 1, 2],
  });
  expect(found.names).toEqual([7, 'zero', 'gone']);
  // The clip is (3, 0), the photograph (0, 8).
  expect([...found.embeddings].map((x) => x.toFixed(12))).toEqual(
    [...unit(3, 8), 0, 0, 0, 0].map((x) => x.toFixed(12)),
  );
  const each = templateEmbeddings({ embeddings, dim: 2, templates });
  expect(each.embeddings[0]).toBeCloseTo(unit(6, 8)[0]!, 12);
  const equal = templateEmbeddings({
    embeddings,
    dim: 2,
    templates,
    media: ['c', 'c', 'p', 0, 1, 2],
    unit: true,
  });
  expect([...equal.embeddings.subarray(0, 2)]).toEqual(unit(1, 1));
});

it('does not see how often a medium repeats itself, nor how long everything is', () => {
  const embeddings = Float64Array.of(1, 2, 3, -4);
  const once = templateEmbeddings({ embeddings, dim: 2, templates: ['t', 't'], media: ['a', 'b'] });
  const more = templateEmbeddings({
    embeddings: Float64Array.of(10, 20, 30, -40, 30, -40, 30, -40),
    dim: 2,
    templates: ['t', 't', 't', 't'],
    media: ['a', 'b', 'b', 'b'],
  });
  for (const [k, x] of more.embeddings.entries()) expect(x).toBeCloseTo(once.embeddings[k]!, 12);
});

it('names what is wrong', () => {
  const input = { embeddings: Float32Array.of(1, Number.NaN), dim: 2, templates: ['t'] };
  expect(() => templateEmbeddings(input)).toThrow(/embeddings\[1\] = NaN/);
  expect(() => templateEmbeddings({ ...input, dim: 1 })).toThrow(/dim = 1, 1 templates/);
  expect(() => templateEmbeddings({ ...input, media: [] })).toThrow(/0 media/);
});
