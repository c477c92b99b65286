import type { RawImage } from '@cf/data';
import { learnerOptimiser, sgd } from '@cf/training';
import type { ImageShape } from '../dataset/image-source.ts';
import { chooseDevice } from '../engines/choose-device.ts';
import { type Device, deviceChoice } from '../engines/device.ts';
import { type FileSettings, modelHash, readModelFile } from '../engines/onnx-file.ts';
import { openOnnxEmbedding } from '../engines/onnx-network.ts';
import { RunFolderError, UsageError } from '../errors.ts';
import type { FeatureExtractor } from '../features/feature-extractor.ts';
import { layersBackbone } from '../features/layers-backbone.ts';
import { featuresOf } from '../features/linear-embedding.ts';
import { openBackbone } from '../features/onnx-backbone.ts';
import { openExtractor } from '../features/open-extractor.ts';
import { tell } from '../report/tell.ts';
import { openRunFolder, RUN_FILES, type RunFolder, unfinishedRun } from '../run/run-folder.ts';
import { checkSection } from '../settings/check-config.ts';
import { onnxInput } from '../settings/fields.ts';
import { onnxFile } from '../settings/situation.ts';
import { type GivenModel, givenModel } from './given-models.ts';
import { type NetworkThreads, startNetworkThreads } from './network-threads.ts';

/** The flags that say what embeds. */
export interface ModelFlags extends FileSettings {
  readonly model?: string;
  readonly run?: string;
  readonly device: string;
}

/** A network that embeds pictures, whatever it is made of. */
export interface EmbeddingModel {
  /** Such as `backbone.onnx`, or the folder of a run; a path where others have the same name. */
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
  return (await openModels([givenModel(flags)], flags))[0]!;
}

/**
 * Opens models, all before the first picture is read.
 *
 * @throws UsageError for flags that don't fit; BackboneError, RunFolderError for what can't be used; those that were open
 * are closed
 */
export async function openModels(
  given: readonly GivenModel[],
  flags: FileSettings & Pick<ModelFlags, 'device'>,
): Promise<readonly EmbeddingModel[]> {
  const settings = checkSection(onnxInput, flags);
  const work = { network: { optimiser: learnerOptimiser({ rule: sgd() }) } };
  const device = await chooseDevice(deviceChoice(flags.device), work, tell);
  const models: EmbeddingModel[] = [];
  try {
    for (const { flag, value } of given)
      models.push(
        await (flag === 'run' ? openRun(value, device) : openFile(onnxFile(value), settings, device)),
      );
  } catch (error) {
    for (const model of models) await model.dispose();
    throw error;
  }
  const names = models.map(({ name }) => name);
  return models.map((model, n) =>
    names.indexOf(model.name) === names.lastIndexOf(model.name)
      ? model
      : { ...model, name: given[n]!.value.replace(/^onnx:/, '') },
  );
}

async function openRun(path: string, device: Device): Promise<EmbeddingModel> {
  const run = await openRunFolder(path);
  return { ...(await modelOf(run, device)), name: path, run };
}

async function modelOf(run: RunFolder, device: Device): Promise<EmbeddingModel> {
  if (await run.has('network')) return openNetwork(run.file('network'), device);
  requireProcessor(device);
  // Written after model.json.
  if (await run.has('layersWeights')) return ofExtractor(await layersBackbone(run));
  if (await run.has('earlierModel')) {
    throw new RunFolderError(
      `'${run.file('earlierModel')}', of an earlier version`,
      `a run with ${RUN_FILES.network}`,
      `train it again: cf train --config ${run.file('config')} --features-from ${run.path}`,
    );
  }
  throw unfinishedRun(run, 'a run with a model');
}

/** @throws UsageError for a layers model anywhere else */
function requireProcessor(device: Device): void {
  if (device === 'cpu') return;
  throw new UsageError(
    `--device ${device} and a run without ${RUN_FILES.network}`,
    'a network of ONNX, which onnxruntime runs there',
    'leave --device out.',
  );
}

/** The network of a run, with what gives it its features where it stands on some. */
async function openNetwork(file: string, device: Device): Promise<EmbeddingModel> {
  const model = await readModelFile(file);
  const features = featuresOf(model, file);
  if (features === undefined) return openFile(file, {}, device);
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

async function openFile(file: string, settings: FileSettings, device: Device): Promise<EmbeddingModel> {
  const { extractor, model, pixels } = await openBackbone(file, settings, device);
  return {
    ...ofExtractor(extractor),
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
