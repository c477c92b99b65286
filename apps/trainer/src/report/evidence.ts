import { dirname } from 'node:path';
import type { RawImage } from '@cf/data';
import { pictureSheet } from '@cf/data/node';
import { pairScores, principalPlane } from '@cf/eval';
import { type ReportChart, type ReportPicture, type ReportPictures, scatterChart } from '@cf/eval/charts';
import type { Dataset } from '../dataset/dataset.ts';
import { readablePairs } from '../dataset/verification-pairs.ts';
import type { FeatureTable } from '../features/feature-table.ts';

/** A picture of a list with a number: a loss. */
export interface RatedPicture {
  readonly index: number;
  readonly loss: number;
}

/** Pictures of a kind that are shown, and their side. */
const SHOWN = 8;
const SIDE = 80;
/** Identities and pictures of each in the plane. */
const MOST_PEOPLE = 24;
const MOST_OF_ONE = 20;

type Seen = Pick<Dataset, 'images' | 'verification' | 'labels' | 'names'>;

/** The pairs that the embeddings tell worst, as pictures, and the pictures that were hardest to learn. */
export async function hardPictures(
  dataset: Seen,
  {
    table,
    hardest,
    signal,
  }: {
    readonly table: FeatureTable;
    readonly hardest: readonly RatedPicture[];
    readonly signal: AbortSignal;
  },
): Promise<readonly ReportPictures[]> {
  const { images, verification, labels, names } = dataset;
  const { pairs, same, folds, scored } = readablePairs(verification, table.indices);
  const scores = pairScores(table.rows, table.dim, pairs);
  const among = [...pairs.keys()].filter((i) => scored.includes(folds[i]!));
  const genuine = among
    .filter((i) => same[i])
    .sort((a, b) => scores[a]! - scores[b]!)
    .slice(0, SHOWN);
  const impostor = among
    .filter((i) => !same[i])
    .sort((a, b) => scores[b]! - scores[a]!)
    .slice(0, SHOWN);
  const pairOf = (i: number): readonly number[] => pairs[i]!.map((row) => table.indices[row]!);
  const rated = hardest.slice(0, 2 * SHOWN);
  const wanted = [
    ...new Set([...[...genuine, ...impostor].flatMap(pairOf), ...rated.map(({ index }) => index)]),
  ];
  const decoded = new Map<number, RawImage>();
  const shape = { width: SIDE, height: SIDE, channels: 3 } as const;
  // All were read before: what has gone since is left out.
  const options = { strict: false, onProblem: () => {}, signal };
  for await (const { index, image } of images.some(wanted).load(shape, options))
    decoded.set(wanted[index]!, image);
  const pictureOf = async (
    indices: readonly number[],
    caption: string,
  ): Promise<readonly ReportPicture[]> => {
    const places = indices.map((index) => decoded.get(index));
    if (places.some((place) => place === undefined)) return [];
    return [{ bytes: await pictureSheet(places, { columns: places.length }), caption }];
  };
  const pairsOf = async (list: readonly number[]): Promise<ReportPicture[]> => {
    const all = list.map((i) => {
      const [a, b] = pairOf(i).map((index) => images.name(index));
      return pictureOf(pairOf(i), `cos ${scores[i]!.toFixed(3)}: ${a}, ${b}`);
    });
    return (await Promise.all(all)).flat();
  };
  const learnt = rated.map(({ index, loss }) =>
    pictureOf(
      [index],
      `loss ${loss.toFixed(2)}: ${images.name(index)}, as ${names[labels[index]!] ?? 'nobody'}`,
    ),
  );
  const sections: ReportPictures[] = [
    {
      title: 'Hardest genuine pairs',
      caption: 'One person each, with the least cosines.',
      pictures: await pairsOf(genuine),
    },
    {
      title: 'Hardest impostor pairs',
      caption: 'Two people each, with the largest cosines.',
      pictures: await pairsOf(impostor),
    },
    {
      title: 'Hardest training pictures',
      caption:
        'Those with the largest loss when they were last trained on: rare poses, bad crops, or wrong labels.',
      pictures: (await Promise.all(learnt)).flat(),
    },
  ];
  return sections.filter(({ pictures }) => pictures.length > 0);
}

/** Embeddings of the scored people in the plane in which they differ most; none where one person alone is known. */
export async function embeddingChart(
  { images, verification }: Seen,
  { rows, dim, indices }: FeatureTable,
): Promise<readonly ReportChart[]> {
  const { pairs, folds, scored } = readablePairs(verification, indices);
  const people = new Map<string, number[]>();
  for (const row of new Set(pairs.filter((_, i) => scored.includes(folds[i]!)).flat())) {
    const name = dirname(images.name(indices[row]!));
    people.set(name, [...(people.get(name) ?? []), row]);
  }
  if (people.size < 2) return [];
  const shown = [...people]
    .sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
    .slice(0, MOST_PEOPLE)
    .flatMap(([group, all]) => all.slice(0, MOST_OF_ONE).map((row) => ({ group, row })));
  const units = new Float64Array(shown.length * dim);
  for (const [at, { row }] of shown.entries()) {
    const own = rows.subarray(row * dim, (row + 1) * dim);
    const length = Math.hypot(...own) || 1;
    units.set(
      own.map((x) => x / length),
      at * dim,
    );
  }
  const { points, shares } = principalPlane(units, dim);
  const percent = (share: number): string => `${(100 * share).toFixed(0)} % of the variance`;
  const title = 'Embeddings of the scored people';
  const svg = await scatterChart({
    title,
    xTitle: percent(shares[0]),
    yTitle: percent(shares[1]),
    points: shown.map(({ group }, i) => ({ x: points[2 * i]!, y: points[2 * i + 1]!, group })),
  });
  const count = new Set(shown.map(({ group }) => group)).size;
  const caption = `Unit embeddings of ${shown.length} pictures of ${count} people, along their two principal components; a colour and shape each.`;
  return [{ title, svg, caption }];
}
