import type { Communicator } from '@cf/core';
import { openPictureStream, type PictureStream } from '@cf/data/node';
import type { ImageShape } from '../dataset/image-source.ts';
import { pictureSamples } from '../dataset/picture-samples.ts';
import { embedStream } from '../dataset/stream-embeddings.ts';
import { streamPixels } from '../dataset/stream-pixels.ts';
import { imagesOfPairs } from '../dataset/verification-pairs.ts';
import { requireRankBatches } from '../distributed/rank-batches.ts';
import { requireMemory } from '../engines/activation-memory.ts';
import type { NetworkInTraining } from '../engines/network-in-training.ts';
import type { Embedder } from '../engines/onnx-network.ts';
import { openEngine } from '../engines/open-engine.ts';
import type { UntrainedNetwork } from '../engines/open-network.ts';
import { isUnchanged, pixelText, RAW } from '../engines/pixel-form.ts';
import { UsageError } from '../errors.ts';
import { withProgress } from '../report/progress.ts';
import { type NamedResult, scoreModel } from '../report/score-model.ts';
import { byteSize, bytesText } from '../settings/byte-size.ts';
import type { NetworkTraining } from '../settings/train-config.ts';
import { requireBatchSize } from './batch-size.ts';
import { requireGivenHead } from './given-head.ts';
import { requireInitial } from './initial-state.ts';
import { type Job, nothingToTrainOn } from './job.ts';
import type { Subject } from './subject.ts';
import type { TrainingFit } from './training-fit.ts';

/** Pictures, and a network on them that is trained end to end. */
export async function withNetwork<T>(
  job: Job<NetworkTraining>,
  work: (subject: Subject) => Promise<T>,
): Promise<T> {
  const { config, place, dataset, device } = job;
  if (place.featuresFrom !== undefined) {
    throw new UsageError(
      '--features-from, and a network to train',
      'one of them',
      'features change with every step here; leave the flag out, or add --train embedding.',
    );
  }
  const untrained = await openEngine(config, device);
  try {
    const images = dataset.labels.filter((label) => label >= 0).length;
    const { communicator: ranks } = place.ranks ?? {};
    const size = ranks?.size ?? 1;
    const synchronised = config.syncBn && size > 1 ? ranks : undefined;
    const together = Math.ceil(config.batch / size) * (place.ranks?.onThisMachine ?? 1);
    requireMemory(await untrained.activationBytes(), Math.min(together, images));
    const requireBatches = (count: number, smallest: number = 1): void => {
      requireBatchSize(config, count, smallest);
      requireRankBatches(config, { images: count, smallest, size });
    };
    const network = await untrained.openTraining(synchronised);
    try {
      await requireInitial(place.initFrom, config, network.learner);
      if (job.kept === undefined) await requireGivenHead(config, network.learner, dataset);
      requireBatches(images, network.smallestBatch);
      // Only now: input that can't be used leaves no folder behind.
      const run = await place.open(network.kernels === undefined ? {} : { kernels: network.kernels });
      const stream = await openPictures(job, untrained.inference.shape, (run.ofFirst ?? run).path);
      try {
        const subject = subjectOn(job, untrained, stream, synchronised);
        requireBatches(subject.samples.count, network.smallestBatch);
        const told = [network.trains, network.told, network.memory, memoryText(stream)];
        const notes = told.filter((line) => line !== undefined);
        return await work({ run, network, ...subject, notes: [...subject.notes, ...notes] });
      } finally {
        await stream.close();
      }
    } finally {
      await network.dispose();
    }
  } finally {
    await untrained.inference.dispose();
  }
}

/** Decodes or draws every picture once, and keeps what fits into memory, and into a file in the folder. */
async function openPictures(
  { config, place, dataset: { images }, policy, signal, say }: Job<NetworkTraining>,
  shape: ImageShape,
  folder: string,
): Promise<PictureStream> {
  const { dataMemory, dataDisk, dataWorkers: workers, augmentation } = config;
  // By default half of what is free, which ranks of one machine share.
  const ofMachine = place.ranks?.onThisMachine ?? 1;
  const shared = ofMachine === 1 ? undefined : Math.floor(process.availableMemory() / 2 / ofMachine);
  const mostBytes = dataMemory === undefined ? shared : byteSize('--data-memory', dataMemory);
  const onDisk = dataDisk === undefined ? undefined : byteSize('--data-disk', dataDisk);
  return withProgress('pictures', images.count, 'images', (update) =>
    openPictureStream(images.sources, {
      ...shape,
      ...policy,
      augmentation,
      signal,
      onProgress: ({ done }) => update(done),
      onNote: say,
      ...(mostBytes !== undefined && { maxBytes: mostBytes }),
      ...(onDisk !== 0 && { disk: { folder, ...(onDisk !== undefined && { maxBytes: onDisk }) } }),
      ...(workers !== undefined && { workers }),
    }),
  );
}

/** A sentence where not all pictures fit into memory. */
function memoryText(stream: PictureStream): string | undefined {
  const { kept, onDisk, count, channels, height, width, workers } = stream;
  if (kept >= count) return undefined;
  const bytes = (pictures: number): string => bytesText(pictures * channels * height * width);
  const places = [
    `${kept} of ${count} pictures are kept in memory (${bytes(kept)})`,
    ...(onDisk > 0 ? [`${onDisk} on disk (${bytes(onDisk)})`] : []),
    ...(kept + onDisk < count ? ['the others are decoded again'] : []),
  ];
  const by = `ahead of training by ${workers} thread${workers === 1 ? '' : 's'}`;
  return `${places.join(', ')}, ${workers === 0 ? 'when they are needed' : by}`;
}

function subjectOn(
  { config, dataset, signal }: Job<NetworkTraining>,
  untrained: UntrainedNetwork,
  stream: PictureStream,
  synchronised: Communicator | undefined,
): Omit<Subject, 'run' | 'network'> {
  const { verification } = dataset;
  const { flip: mirror, before: isScoredBefore } = config.evaluation;
  const { name, inference, fingerprint, pixels = RAW } = untrained;
  const { shape, dim } = inference;
  const samples = pictureSamples(stream, dataset, config.augmentation);
  if (samples.count === 0) throw nothingToTrainOn();
  const inPairs = imagesOfPairs(verification);
  const wanted = (index: number): boolean => inPairs.has(index);
  const score = async (label: string, network: Embedder, fit?: TrainingFit): Promise<NamedResult[]> => {
    const table = await embedStream(`scoring ${label}`, stream, network, { wanted, mirror, signal });
    return scoreModel(label, table, verification, fit);
  };
  return {
    description: `${name}, all layers: ${shape.height}×${shape.width} → ${dim}${
      isUnchanged(pixels) ? '' : `, pixels ${pixelText(pixels)}`
    }`,
    notes: untrained.notes ?? [],
    fingerprint,
    samples,
    pictures: stream.indices.filter((index) => dataset.labels[index]! >= 0),
    indices: stream.indices,
    openAgain: (): Promise<NetworkInTraining> => untrained.openTraining(synchronised),
    embedTrained: (network) =>
      embedStream('embedding', stream, network, {
        wanted: (index) => dataset.labels[index]! >= 0,
        mirror: false,
        signal,
      }),
    async scoreBefore() {
      // A file's weights were trained by somebody; ours are random.
      const before = config.network.kind === 'built-in' ? 'untrained' : `${name} before`;
      const pixels = await streamPixels(stream, wanted, mirror);
      return [
        ...(isScoredBefore ? await score(before, inference) : []),
        ...scoreModel(`${pixels.name} alone`, pixels, verification),
      ];
    },
    score,
  };
}
