import { openPictureStream } from '@cf/data/node';
import { train } from '@cf/training';
import { loadDataset } from '../../dataset/load-dataset.ts';
import { pictureSamples } from '../../dataset/picture-samples.ts';
import { openBackend } from '../../engines/open-backend.ts';
import { openEngine } from '../../engines/open-engine.ts';
import type { TrainFlags } from '../../settings/fields.ts';
import { lossOf } from '../../settings/loss-of.ts';
import { resolveConfig } from '../../settings/resolve-config.ts';
import { stepsPerEpoch } from '../../settings/sampler-of.ts';
import type { NetworkTraining } from '../../settings/train-config.ts';
import { trainingOptions } from '../../settings/training-options.ts';

/** What is measured: steps of a training on a folder, with so much memory for decoded pictures. */
export interface DataTask {
  readonly flags: TrainFlags;
  /** Share of the decoded pictures that fits into memory. */
  readonly share: number;
  /** A folder in which the others are kept, decoded; without it they are decoded again. */
  readonly disk?: string;
  readonly steps: number;
}

/** What came of it. */
export interface DataMeasurement {
  readonly share: number;
  readonly imagesPerSecond: number;
  /** Of the processor, by all threads, in milliseconds a picture: steadier than the rate where others use the machine. */
  readonly cpuMs: number;
  /** Share of the time that waited for pictures. */
  readonly dataShare: number;
  /** Pictures, and those of them that lay in memory. */
  readonly pictures: number;
  readonly kept: number;
  readonly onDisk: number;
  readonly workers: number;
  /** Steps that an epoch has. */
  readonly stepsPerEpoch: number;
  /** Resident memory at the end of each tenth of the steps, in MiB. */
  readonly residentMiB: readonly number[];
  /** By how much that grew over the last two thirds of the steps, in MiB: what starts has started by then. */
  readonly grownMiB: number;
}

/** Steps that come before those that count: buffers are taken, threads begin. */
const WARM_UP = 3;

/** Trains for some steps in this process, which should be a fresh one. */
export async function measureData({ flags, share, disk, steps }: DataTask): Promise<DataMeasurement> {
  const config = resolveConfig({ ...flags, epochs: 1000 }) as NetworkTraining;
  const policy = { onProblem: () => {}, strict: false };
  const dataset = await loadDataset(config.data, config.evaluation, config.seed, policy);
  const { threads, kernels } = config;
  const backend = await openBackend(config.head, { threads, kernels });
  const untrained = await openEngine(config);
  const { shape } = untrained.inference;
  const { images } = dataset;
  const bytes = images.count * shape.channels * shape.height * shape.width;
  const { augmentation, dataWorkers } = config;
  const stream = await openPictureStream(images.sources, {
    ...shape,
    ...policy,
    augmentation,
    maxBytes: Math.ceil(share * bytes),
    ...(disk !== undefined && { disk: { folder: disk, maxBytes: bytes } }),
    ...(dataWorkers !== undefined && { workers: dataWorkers }),
  });
  const samples = pictureSamples(stream, dataset, augmentation);
  const network = await untrained.openTraining();
  const head = await backend.createHead(lossOf(config, samples));
  const controller = new AbortController();
  let [count, seconds, waited, done] = [0, 0, 0, 0];
  let started = performance.now();
  let cpu = process.cpuUsage();
  const resident: number[] = [];
  const options = trainingOptions(config);
  const task = { learner: network.learner, head, samples, options, signal: controller.signal };
  for await (const event of train(task)) {
    if (event.type !== 'step') continue;
    const took = (performance.now() - started) / 1000;
    started = performance.now();
    if (event.metrics.step <= WARM_UP) {
      cpu = process.cpuUsage();
      continue;
    }
    done++;
    count += event.indices.length;
    seconds += took;
    waited += took * event.metrics.dataShare;
    resident.push(process.memoryUsage.rss() / 2 ** 20);
    if (done < steps) continue;
    cpu = process.cpuUsage(cpu);
    controller.abort();
  }
  const { kept, onDisk, count: pictures, workers } = stream;
  await stream.close();
  head.dispose();
  await network.dispose();
  await untrained.inference.dispose();
  await backend.dispose();
  const cpuMs = (cpu.user + cpu.system) / 1000 / count;
  const speed = { imagesPerSecond: count / seconds, cpuMs, dataShare: waited / seconds };
  const after = (part: number): number => resident[Math.ceil(part * steps) - 1]!;
  const residentMiB = Array.from({ length: 10 }, (_, tenth) => after((tenth + 1) / 10));
  const memory = { residentMiB, grownMiB: after(1) - after(1 / 3) };
  return {
    share,
    ...speed,
    pictures,
    kept,
    onDisk,
    workers,
    stepsPerEpoch: stepsPerEpoch(config, samples.count),
    ...memory,
  };
}
