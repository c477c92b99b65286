import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawImage } from '@cf/data';
import { createEmbeddingFile, embed, loadImages } from '@cf/data/node';
import type { FoundPictures } from '../../embedding/find-pictures.ts';
import type { EmbeddingModel } from '../../embedding/open-model.ts';
import { NETWORK_BATCH } from '../../features/onnx-backbone.ts';
import { percentText } from '../../report/number-text.ts';
import { bestProductRate } from '../product-rate.ts';
import { median } from '../timing.ts';

/** What is measured. */
export interface EmbeddingBenchOptions {
  /** Pictures a round; the first of the list. */
  readonly pictures: number;
  /** Times that both sides are measured, in turn. */
  readonly rounds: number;
  readonly threads: number;
  readonly signal: AbortSignal;
}

/** One way to do it. */
export interface EmbeddingRate {
  readonly picturesPerSecond: number;
  /** Of the processor, by all threads, in milliseconds a picture: steadier than the rate where others use the machine. */
  readonly cpuMs: number;
}

/** The network on pictures that lie decoded in memory, and all of `cf embed`: files read, decoded, embedded, written. */
export interface EmbeddingReport {
  readonly pictures: number;
  readonly threads: number;
  /** Of the round in the middle. */
  readonly network: EmbeddingRate;
  readonly whole: EmbeddingRate;
  /** Pictures/s of the second over those of the first, in the middle of all rounds. */
  readonly ratio: number;
  /** Share of the network's time in which it had no picture to work on, in the last round. */
  readonly waited: number;
  /** Best rate of matrix products before it, on the same threads. */
  readonly limitGflopPerSecond: number;
}

/** Measures both in turn, on the same threads. */
export async function measureEmbedding(
  model: EmbeddingModel,
  found: FoundPictures,
  { pictures: most, rounds, threads, signal }: EmbeddingBenchOptions,
): Promise<EmbeddingReport> {
  const limit = await bestProductRate(threads);
  const pool = await model.startThreads(threads);
  const folder = await mkdtemp(join(tmpdir(), 'cf-bench-'));
  try {
    const { network } = pool ?? model;
    const atOnce = pool?.count ?? 1;
    const sources = found.sources.slice(0, most);
    const decoded: RawImage[] = [];
    const loading = { ...model.shape, onProblem: () => {}, signal };
    for await (const { image } of loadImages(sources, loading)) decoded.push(image);
    let waited = 0;
    const alone = (): Promise<void> => runAll(decoded, network, 2 * atOnce);
    const whole = async (): Promise<void> => {
      const path = join(folder, 'bench.npy');
      const file = await createEmbeddingFile(path, { dim: model.dim, pictures: found.pictures });
      const onProgress = (now: { readonly waited: number }): unknown => (waited = now.waited);
      for await (const batch of embed(sources, { ...loading, network, atOnce, onProgress }))
        await file.add(batch);
      await file.finish();
    };
    // Threads begin, buffers are taken.
    await runAll(decoded.slice(0, 4 * atOnce * NETWORK_BATCH), network, 2 * atOnce);
    const measured: { network: EmbeddingRate; whole: EmbeddingRate }[] = [];
    for (let round = 0; round < rounds; round++) {
      signal.throwIfAborted();
      const rates = {
        network: await rateOf(decoded.length, alone),
        whole: await rateOf(decoded.length, whole),
      };
      measured.push(rates);
    }
    const ratioOf = (one: (typeof measured)[number]): number =>
      one.whole.picturesPerSecond / one.network.picturesPerSecond;
    const ratio = median(measured.map(ratioOf));
    const nearest = measured.toSorted(
      (a, b) => Math.abs(ratioOf(a) - ratio) - Math.abs(ratioOf(b) - ratio),
    )[0]!;
    const limitGflopPerSecond = limit / 1e9;
    return { pictures: decoded.length, threads: atOnce, ...nearest, ratio, waited, limitGflopPerSecond };
  } finally {
    await pool?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Batches one after the other, so many under way that no thread waits. */
async function runAll(
  pictures: readonly RawImage[],
  network: EmbeddingModel['network'],
  underWay: number,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < pictures.length) {
      const from = next;
      next += NETWORK_BATCH;
      await network(pictures.slice(from, next));
    }
  };
  await Promise.all(Array.from({ length: underWay }, work));
}

async function rateOf(count: number, work: () => Promise<void>): Promise<EmbeddingRate> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - started) / 1000;
  return { picturesPerSecond: count / seconds, cpuMs: (user + system) / 1000 / count };
}

/** The report as lines. */
export function formatEmbedding({
  pictures,
  threads,
  network,
  whole,
  ratio,
  waited,
}: EmbeddingReport): string {
  const text = ({ picturesPerSecond, cpuMs }: EmbeddingRate): string =>
    `${picturesPerSecond.toFixed(0)} pictures/s, ${cpuMs.toFixed(2)} ms of the processor a picture`;
  return [
    `${pictures} pictures on ${threads} thread${threads === 1 ? '' : 's'}`,
    `the network alone: ${text(network)}`,
    `files to file: ${text(whole)}; ${percentText(waited)} of the network's time went by without a picture`,
    `${ratio.toFixed(2)} of the rate of the network alone`,
  ].join('\n');
}
