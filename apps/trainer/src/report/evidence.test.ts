import { syntheticFaces } from '@cf/data/node';
import { expect, it } from 'vitest';
import { drawnImages } from '../dataset/image-source.ts';
import { embeddingChart, hardPictures } from './evidence.ts';

/** Three people with two pictures each; the embedding of a picture is a direction of the plane. */
const faces = syntheticFaces({ seed: 1, identities: 3, imagesPerIdentity: 2, difficulty: 1 });
const images = drawnImages(
  faces,
  [0, 1, 2].flatMap((identityIndex) => [0, 1].map((imageIndex) => ({ identityIndex, imageIndex }))),
);
const degrees = [0, 10, 90, 150, 20, 25];
const table = {
  dim: 2,
  indices: Int32Array.of(0, 1, 2, 3, 4, 5),
  rows: Float32Array.from(
    degrees.flatMap((d) => [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)]),
  ),
  mirrored: undefined,
};
const dataset = {
  images,
  labels: Int32Array.of(0, 0, 1, 1, -1, -1),
  names: ['synthetic_00000', 'synthetic_00001'],
  verification: {
    pairs: [
      [0, 1],
      [2, 3],
      [4, 5],
      [1, 4],
      [0, 3],
      [2, 5],
    ] as const,
    same: [true, true, true, false, false, false],
    folds: [1, 1, 2, 1, 1, 1],
    scored: [1],
    missing: 0,
  },
};
const { signal } = new AbortController();

it('shows the worst pairs of the scored folds first, and the pictures with the largest losses', async () => {
  const hardest = [
    { index: 3, loss: 9 },
    { index: 0, loss: 2.5 },
  ];
  const sections = await hardPictures(dataset, { table, hardest, signal });
  expect(sections.map(({ title, pictures }) => [title, pictures.map(({ caption }) => caption)])).toEqual([
    [
      'Hardest genuine pairs',
      ['cos 0.500: synthetic_00001/1, synthetic_00001/2', 'cos 0.985: synthetic_00000/1, synthetic_00000/2'],
    ],
    [
      'Hardest impostor pairs',
      [
        'cos 0.985: synthetic_00000/2, synthetic_00002/1',
        'cos 0.423: synthetic_00001/1, synthetic_00002/2',
        'cos -0.866: synthetic_00000/1, synthetic_00001/2',
      ],
    ],
    [
      'Hardest training pictures',
      [
        'loss 9.00: synthetic_00001/2, as synthetic_00001',
        'loss 2.50: synthetic_00000/1, as synthetic_00000',
      ],
    ],
  ]);
  for (const { bytes } of sections.flatMap(({ pictures }) => pictures))
    expect([...bytes.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
});

it('without a trained step there are no hardest pictures, and without a scored fold no pairs', async () => {
  const sections = await hardPictures(
    { ...dataset, verification: { ...dataset.verification, scored: [] } },
    { table, hardest: [], signal },
  );
  expect(sections).toEqual([]);
});

it('draws the scored people in a plane, where there are several', async () => {
  const [chart] = await embeddingChart(dataset, table);
  expect(chart!.caption).toMatch(/6 pictures of 3 people/);
  const one = { ...dataset.verification, pairs: [[0, 1]] as const, same: [true], folds: [1] };
  expect(await embeddingChart({ ...dataset, verification: one }, table)).toEqual([]);
});
