import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { printable } from '@cf/core';
import type { RawImage } from '@cf/data';
import { learnerOptimiser, sgd } from '@cf/training';

import type { ImageShape } from '../dataset/image-source.ts';
import { chooseDevice } from '../engines/choose-device.ts';
import { type Device, deviceChoice } from '../engines/device.ts';
import { type FileSettings, modelHash, prepareFile, readModelFile } from '../engines/onnx-file.ts';
import { openOnnxEmbedding, openOnnxNetwork, requireBatches } from '../engines/onnx-network.ts';
import { RunFolderError, UsageError } from '../errors.ts';
import type { FeatureExtractor } from '../features/feature-extractor.ts';
import { layersBackbone } from '../features/layers-backbone.ts';
import { featuresOf } from '../features/linear-embedding.ts';
import { networkExtractor } from '../features/onnx-backbone.ts';
import { openExtractor } from '../features/open-extractor.ts';
import { openRunFolder, type RunFolder } from '../run/run-folder.ts';
import { checkSection } from '../settings/check-config.ts';
import { onnxInput } from '../settings/fields.ts';
import { longFlag, propertyOf, type Setting } from '../settings/setting.ts';
import { onnxFile } from '../settings/situation.ts';
import { type NetworkThreads, startNetworkThreads } from './network-threads.ts';

/** The flags that say what embeds. */
export interface ModelFlags extends FileSettings {
  readonly model?: string;
  readonly run?: string;
  readonly device: string;
}

/** A network that embeds pictures, whatever it is made of. */
export interface EmbeddingModel {
  /** Such as `backbone.onnx`, or the folder of a run. */
  readonly name: string;
  /** Changes with what embeddings depend on: weights, preparation, pixels. */
  readonly fingerprint: string;
  /** What was done to its file: a sentence each. */
  readonly notes: readonly string[];
  readonly shape: ImageShape;
  /** d. */
  readonly dim: number;
  /** Where it is a run's. */
  readonly run?: RunFolder;
  /** Pictures of its shape → `[N, d]`, in this thread. */
  network(pictures: readonly RawImage[]): Promise<Float32Array>;
  /** The same network in threads of its own, one for a card; undefined where it runs nowhere else. */
  startThreads(count: number): Promise<NetworkThreads | undefined>;
  dispose(): Promise<void>;
}

/**
 * Opens the model that flags name.
 *
 * @throws UsageError for flags that don't fit; BackboneError, RunFolderError for what can't be used
 */
export async function openEmbeddingModel(flags: ModelFlags): Promise<EmbeddingModel> {
  if ((flags.model === undefined) === (flags.run === undefined)) {
    throw new UsageError(
      flags.model === undefined ? 'neither --model nor --run' : 'both --model and --run',
      'one of them',
      'name what embeds.',
    );
  }
  const settings = checkSection(onnxInput, flags);
  const work = { network: { optimiser: learnerOptimiser({ rule: sgd() }) } };
  // What is printed is the result alone.
  const tell = (line: string): void => void process.stderr.write(`${printable(line)}\n`);
  const device = await chooseDevice(deviceChoice(flags.device), work, tell);
  if (flags.model !== undefined) return ofFile(onnxFile(flags.model), settings, device);
  for (const one of Object.values<Setting>(onnxInput)) {
    if (flags[propertyOf(one) as keyof FileSettings] === undefined) continue;
    throw new UsageError(`--run with ${longFlag(one)}`, 'one of them', 'a run knows it: leave the flag out.');
  }
  const run = await openRunFolder(flags.run!);
  return { ...(await ofRun(run, device)), name: flags.run!, run };
}

async function ofRun(run: RunFolder, device: Device): Promise<EmbeddingModel> {
  if (await run.has('network')) return ofNetwork(run.file('network'), device);
  if (device !== 'cpu') {
    throw new UsageError(
      `--device ${device} and a run without a network of ONNX`,
      'a network of ONNX, which onnxruntime runs there',
      'leave --device out.',
    );
  }
  // Written after model.json.
  if (await run.has('layersWeights')) {
    const hash = createHash('sha256');
    for (const name of ['layers', 'layersWeights'] as const) hash.update(await readFile(run.file(name)));
    return ofExtractor({ ...(await layersBackbone(run)), fingerprint: hash.digest('hex') });
  }
  throw new RunFolderError(
    `'${run.path}', whose training is not finished`,
    'a run with a model',
    `finish it with: cf train --resume ${run.path}`,
  );
}

/** The network of a run, with what gives it its features where it stands on some. */
async function ofNetwork(file: string, device: Device): Promise<EmbeddingModel> {
  const model = await readModelFile(file);
  const features = featuresOf(model, file);
  if (features === undefined) return ofFile(file, {}, device);
  const extractor = await openExtractor(features, device);
  const embedder = await openOnnxEmbedding(model, device);
  const hash = modelHash(model).update(extractor.fingerprint).digest('hex');
  return {
    ...ofExtractor({ ...extractor, fingerprint: hash }),
    dim: embedder.dim,
    network: async (pictures) => embedder.run(await extractor.extract(pictures), pictures.length),
    async dispose() {
      await extractor.dispose();
      await embedder.dispose();
    },
  };
}

async function ofFile(file: string, settings: FileSettings, device: Device): Promise<EmbeddingModel> {
  const { model, pixels, notes, fingerprint } = await prepareFile(file, settings);
  const network = await openOnnxNetwork(file, model, pixels, device);
  try {
    await requireBatches(file, network);
  } catch (error) {
    await network.dispose();
    throw error;
  }
  return {
    ...ofExtractor({ ...networkExtractor(file, network), notes, fingerprint }),
    // A card does one thing at a time; the thread that waits for it is not the one that pictures come from.
    startThreads: (count) =>
      startNetworkThreads({ name: file, model, pixels, device, count: device === 'cpu' ? count : 1 }),
  };
}

function ofExtractor(extractor: FeatureExtractor): EmbeddingModel {
  const { name, fingerprint, notes = [], shape, dim } = extractor;
  return {
    name,
    fingerprint,
    notes,
    shape,
    dim,
    network: (pictures) => extractor.extract(pictures),
    startThreads: async () => undefined,
    dispose: () => extractor.dispose(),
  };
}
