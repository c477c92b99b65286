import type { Device } from '../engines/device.ts';
import { type FileSettings, readModelFile } from '../engines/onnx-file.ts';
import { type Embedder, openOnnxEmbedding } from '../engines/onnx-network.ts';
import { RunFolderError, UsageError } from '../errors.ts';
import type { FeatureExtractor } from '../features/feature-extractor.ts';
import { layersBackbone } from '../features/layers-backbone.ts';
import { featuresOf } from '../features/linear-embedding.ts';
import { onnxBackbone } from '../features/onnx-backbone.ts';
import { openExtractor } from '../features/open-extractor.ts';
import { openRunFolder, RUN_FILES } from '../run/run-folder.ts';
import { onnxInput } from '../settings/fields.ts';
import { longFlag, propertyOf, type Setting } from '../settings/setting.ts';
import { onnxFile } from '../settings/situation.ts';

/** What embeds pictures. */
export interface OpenModel {
  /** Such as `backbone.onnx`, or the folder of a run; a path where others have the same name. */
  readonly name: string;
  readonly extractor: FeatureExtractor;
  /** Of what the extractor gives; undefined takes that as it is. */
  readonly embedding?: Embedder;
}

/** What is to be scored: a file as it is, or what a training made. */
export interface GivenModel {
  readonly flag: 'model' | 'run';
  readonly value: string;
}

/** The models that flags name: files, then runs. @throws UsageError without any, and for what a run knows itself */
export function givenModels(
  flags: { readonly model?: readonly string[]; readonly run?: readonly string[] } & FileSettings,
): readonly GivenModel[] {
  const { model = [], run = [] } = flags;
  if (model.length + run.length === 0)
    throw new UsageError('neither --model nor --run', 'one of them', 'name what is to be scored.');
  for (const one of model.length > 0 ? [] : Object.values<Setting>(onnxInput)) {
    if (flags[propertyOf(one) as keyof FileSettings] === undefined) continue;
    throw new UsageError(`--run with ${longFlag(one)}`, 'one of them', 'a run knows it: leave the flag out.');
  }
  for (const value of model) onnxFile(value);
  return [
    ...model.map((value) => ({ flag: 'model' as const, value })),
    ...run.map((value) => ({ flag: 'run' as const, value })),
  ];
}

/**
 * Opens models, all before the first picture is read.
 *
 * @param settings what is said of the pixels of files
 * @throws BackboneError, RunFolderError, UsageError for what can't be used; those that were open are closed
 */
export async function openModels(
  given: readonly GivenModel[],
  settings: FileSettings,
  device: Device,
): Promise<readonly OpenModel[]> {
  const open: OpenModel[] = [];
  try {
    for (const one of given) {
      const model =
        one.flag === 'run' ? await openRun(one.value, device) : await openFile(one.value, settings, device);
      open.push({ ...model, name: one.flag === 'run' ? one.value : model.extractor.name });
    }
  } catch (error) {
    for (const model of open) await closeModel(model);
    throw error;
  }
  const names = open.map(({ name }) => name);
  return open.map((model, n) =>
    names.indexOf(model.name) === names.lastIndexOf(model.name)
      ? model
      : { ...model, name: given[n]!.value.replace(/^onnx:/, '') },
  );
}

export async function closeModel({ extractor, embedding }: OpenModel): Promise<void> {
  await extractor.dispose();
  await embedding?.dispose();
}

type Unnamed = Omit<OpenModel, 'name'>;

async function openFile(value: string, settings: FileSettings, device: Device): Promise<Unnamed> {
  return { extractor: await onnxBackbone(onnxFile(value), settings, device) };
}

async function openRun(value: string, device: Device): Promise<Unnamed> {
  const run = await openRunFolder(value);
  if (await run.has('network')) return openNetwork(run.file('network'), device);
  requireProcessor(device);
  // Written after model.json.
  if (await run.has('layersWeights')) return { extractor: await layersBackbone(run) };
  if (await run.has('earlierModel')) {
    throw new RunFolderError(
      `'${run.file('earlierModel')}', of an earlier version`,
      `a run with ${RUN_FILES.network}`,
      `train it again: cf train --config ${run.file('config')} --features-from ${run.path}`,
    );
  }
  throw new RunFolderError(
    `'${run.path}', whose training is not finished`,
    'a run with a model',
    `finish it with: cf train --resume ${run.path}`,
  );
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
async function openNetwork(file: string, device: Device): Promise<Unnamed> {
  const model = await readModelFile(file);
  const features = featuresOf(model, file);
  if (features === undefined) return { extractor: await onnxBackbone(file, {}, device) };
  return {
    extractor: await openExtractor(features, device),
    embedding: await openOnnxEmbedding(model, device),
  };
}
