import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PictureSource, Similarity } from '@cf/data';
import { alignFolder } from '@cf/data/node';
import { PairsError } from '@cf/eval';
import { openFaceDetector } from '../../dataset/face-detector.ts';
import { pairsDataset } from '../../dataset/file-pairs.ts';
import type { FeatureExtractor } from '../../features/feature-extractor.ts';
import { extractFeatures } from '../../features/feature-table.ts';
import { withProgress } from '../../report/progress.ts';
import { scoreModel } from '../../report/score-model.ts';
import { median, secondsOf } from '../timing.ts';
import { formatHardCases, type HardCases, measureHardCases } from './hard-cases.ts';
import { type AlignedLine, type Offsets, offBy, offsetsOf } from './offsets.ts';
import { writePhotographs } from './photographs.ts';

/** What is measured. */
export interface AlignBenchOptions {
  /** Aligned crops, in the layout of LFW. */
  readonly data: string;
  /** LFW's list of pairs; the pictures of these folds are taken. */
  readonly pairs: string;
  readonly folds: string | undefined;
  /** By how many pixels the crops' faces are to the right of the template. */
  readonly shift: number;
  /** Photographs at most, the first ones; all by default. */
  readonly limit?: number;
  /** What the pairs are scored with; undefined scores none. */
  readonly extractor?: FeatureExtractor;
  /** Threads that find faces. */
  readonly threads: number;
  /** Photographs whose time is taken, with one thread and with all, and how many times in turn. */
  readonly timed: number;
  readonly rounds: number;
  /** Whether hard cases are tried too: small faces, turned ones, and the like. */
  readonly hard: boolean;
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface AlignReport {
  readonly photographs: number;
  readonly aligned: number;
  readonly off: Offsets;
  readonly threads: number;
  /** Milliseconds a photograph with one thread and with all: the middle of all rounds. */
  readonly oneThreadMs: number;
  readonly threadsMs: number;
  /** Of the processor, by all threads, over all photographs, starting included. */
  readonly cpuMs: number;
  /** Null where they were not asked for. */
  readonly hard: HardCases | null;
  /** Accuracy on the pairs, each fold at the threshold of the others; null where none are scored. */
  readonly accuracy: {
    readonly photographs: number;
    readonly aligned: number;
    readonly crops: number;
  } | null;
}

/** Lays crops into photographs, has their faces found and cut out, and compares what came with what it was made of. */
export async function benchAlign(options: AlignBenchOptions): Promise<AlignReport> {
  const folder = await mkdtemp(join(tmpdir(), 'cf-bench-align-'));
  try {
    return await benchIn(folder, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function benchIn(folder: string, options: AlignBenchOptions): Promise<AlignReport> {
  const { data, threads, shift, limit = Number.POSITIVE_INFINITY, signal } = options;
  const { images, chosen } = await scoredPairs(data, options);
  const crops = [...new Set(chosen.pairs.flat())].slice(0, limit).map((index) => {
    return { path: (images.sources[index] as PictureSource).path, name: images.name(index) };
  });
  if (crops.length === 0)
    throw new PairsError(
      `--pairs ${options.pairs}, no picture of which is in ${data}`,
      'pairs of pictures that are there',
      'check --data: pictures lie at <root>/<name>/<name>_0001.jpg.',
    );
  const [photographs, aligned] = [join(folder, 'photographs'), join(folder, 'aligned')];
  const places = await withProgress('laying crops into photographs', crops.length, 'photographs', (update) =>
    writePhotographs(crops, photographs, update),
  );
  const times = await timeThreads(folder, photographs, [...places.keys()], options);
  const cpu = process.cpuUsage();
  const detector = await openFaceDetector('cf bench align', { threads });
  try {
    const found = await withProgress('aligning', crops.length, 'photographs', (update) =>
      alignFolder({
        data: photographs,
        out: aligned,
        detector,
        signal,
        onProgress: ({ done }) => update(done),
      }),
    );
    const { user, system } = process.cpuUsage(cpu);
    const paths = crops.map(({ path }) => path);
    return {
      photographs: crops.length,
      aligned: found.aligned,
      off: offsetsOf(await distances(found.files.record, places, shift)),
      threads,
      ...times,
      cpuMs: (user + system) / 1000 / crops.length,
      hard: options.hard ? await measureHardCases(paths, detector, shift) : null,
      accuracy: await accuracies({ photographs, aligned, crops: data }, options),
    };
  } finally {
    await detector.close();
  }
}

async function accuracies(
  { photographs, aligned, crops }: Readonly<Record<'photographs' | 'aligned' | 'crops', string>>,
  options: AlignBenchOptions,
): Promise<AlignReport['accuracy']> {
  if (options.extractor === undefined) return null;
  return {
    photographs: await accuracyOf(photographs, options),
    aligned: await accuracyOf(aligned, options),
    crops: await accuracyOf(crops, options),
  };
}

/** The pairs of the chosen folds alone, as if the list had no others. */
async function scoredPairs(root: string, { pairs: list, folds: asked }: AlignBenchOptions) {
  const policy = { onProblem: () => {}, strict: false };
  const { images, verification } = await pairsDataset(list, asked, root, policy);
  const { pairs, same, folds, scored } = verification;
  const of = <T>(values: readonly T[]): readonly T[] => values.filter((_, i) => scored.includes(folds[i]!));
  return { images, policy, chosen: { ...verification, pairs: of(pairs), same: of(same), folds: of(folds) } };
}

async function distances(
  record: string,
  places: ReadonlyMap<string, Similarity>,
  shift: number,
): Promise<readonly number[]> {
  // The first line says of which folder it is.
  const lines = (await readFile(record, 'utf8')).trim().split('\n').slice(1);
  return lines.flatMap((line) => {
    const { path, landmarks } = JSON.parse(line) as AlignedLine;
    return landmarks === undefined ? [] : [offBy(landmarks, places.get(path)!, shift)];
  });
}

async function accuracyOf(root: string, options: AlignBenchOptions): Promise<number> {
  const { images, policy, chosen } = await scoredPairs(root, options);
  const wanted = [...new Set(chosen.pairs.flat())];
  const rank = new Map(wanted.map((index, at) => [index, at]));
  const pairs = chosen.pairs.map(([a, b]) => [rank.get(a)!, rank.get(b)!] as const);
  const { signal, extractor } = options;
  const given = { ...policy, mirror: () => false, signal };
  const table = await extractFeatures('embedding', images.some(wanted), extractor!, given);
  return scoreModel(root, table, { ...chosen, pairs })[0]!.result.accuracy;
}

/** Some of the photographs by one thread and by all, in turn; threads are started and warm before. */
async function timeThreads(
  folder: string,
  photographs: string,
  names: readonly string[],
  { threads, timed, rounds, signal }: AlignBenchOptions,
): Promise<Pick<AlignReport, 'oneThreadMs' | 'threadsMs'>> {
  const some = names.slice(0, timed);
  for (const [part, of] of [
    ['timed', some],
    ['warm', names.slice(0, 2 * threads)],
  ] as const) {
    for (const name of of) {
      await mkdir(dirname(join(folder, part, name)), { recursive: true });
      await copyFile(join(photographs, name), join(folder, part, name));
    }
  }
  const seconds = new Map<number, number[]>([
    [1, []],
    [threads, []],
  ]);
  for (let round = 0; round < rounds; round++) {
    for (const [count, measured] of seconds) {
      const detector = await openFaceDetector('cf bench align', { threads: count });
      const align = (part: string) =>
        alignFolder({
          data: join(folder, part),
          out: join(folder, `${part}-${count}-${round}`),
          detector,
          signal,
        });
      try {
        await align('warm');
        measured.push(await secondsOf(() => align('timed')));
      } finally {
        await detector.close();
      }
    }
  }
  const ms = (count: number): number => (1000 * median(seconds.get(count)!)) / some.length;
  return { oneThreadMs: ms(1), threadsMs: ms(threads) };
}

/** The report as lines. */
export function formatAlign(report: AlignReport): string {
  const { photographs, aligned, off, threads, oneThreadMs, threadsMs, cpuMs, hard, accuracy } = report;
  const px = (value: number): string => value.toFixed(1);
  return [
    `${aligned} crops of ${photographs} photographs; off by ${px(off.median)} pixels of 112 in the median, ${px(off.of90)} at the 90th percentile, ${px(off.of99)} at the 99th, ${px(off.largest)} at most`,
    `a photograph takes ${oneThreadMs.toFixed(0)} ms with one thread, ${threadsMs.toFixed(0)} ms with ${threads}: ${(oneThreadMs / threadsMs).toFixed(2)} times as fast; ${cpuMs.toFixed(0)} ms of the processor`,
    ...(hard === null ? [] : [formatHardCases(hard)]),
    ...(accuracy === null
      ? []
      : [
          `accuracy on the pairs: ${accuracy.photographs.toFixed(3)} on the photographs, ${accuracy.aligned.toFixed(3)} on the crops that were found, ${accuracy.crops.toFixed(3)} on those that they were made of`,
        ]),
  ].join('\n');
}
