import { basename, join } from 'node:path';
import { declaredShape, inspectModel, type Model } from '@cf/onnx';
import { writeModelFile } from '@cf/onnx/node';
import { unalignedData } from '../dataset/aligned-data.ts';
import { loadDataset } from '../dataset/load-dataset.ts';
import { type ProblemList, problemsText } from '../dataset/problem-list.ts';
import { type FileSettings, prepareRead, readModelFile } from '../engines/onnx-file.ts';
import { openOnnxNetwork } from '../engines/onnx-network.ts';
import type { PixelForm } from '../engines/pixel-form.ts';
import { OutputError, UsageError } from '../errors.ts';
import { featuresOf } from '../features/linear-embedding.ts';
import { atomicWrite } from '../run/atomic-write.ts';
import type { DataConfig, PairsConfig } from '../settings/train-config.ts';
import { preprocessingOf, protocolText } from './card-facts.ts';
import { cardMarkdown, layersText, lostText, sizeText } from './card-markdown.ts';
import { measureFiles, type WrittenNetwork } from './measure-files.ts';
import { type MeasuredFile, type ModelCard, type QuantisationFacts, withCard } from './model-card.ts';
import { calibrationPictures, type NetworkQuantisation, quantiseNetwork } from './quantise-network.ts';

/** Names of what is written. */
export const MODEL_FILES = { model: 'model.onnx', card: 'README.md' } as const;

/** Which pictures a network is calibrated and scored on. */
export interface ScoredData {
  readonly data: DataConfig;
  readonly evaluation: PairsConfig;
  readonly seed: number;
}

export interface ModelExport {
  /** A file of ONNX. */
  readonly file: string;
  /** What is said of a file that no run of ours wrote; undefined for the model of a run, which stays as it is. */
  readonly settings: FileSettings | undefined;
  readonly out: string;
  readonly name: string;
  /** What is known of it beside its file. */
  readonly facts: Pick<ModelCard, 'data' | 'loss' | 'training' | 'scores' | 'environment' | 'licence'>;
  /** Undefined for the file as it is alone. */
  readonly quantisation: (NetworkQuantisation & { readonly on: ScoredData }) | undefined;
  readonly problems: ProblemList;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * Writes a model with its card, as Markdown and in its metadata, and where that is asked for in bytes as well, with what
 * it lost. At every moment the card tells of files that are there.
 *
 * @throws BackboneError for a file that is no network of pictures; UsageError for features that are to be quantised
 */
export async function writeModel(wanted: ModelExport): Promise<void> {
  const { out, facts, quantisation, say } = wanted;
  const network = await readNetwork(wanted);
  const { card: described, model, pictures } = network;
  const card: ModelCard = { ...described, ...facts };
  if (quantisation !== undefined && pictures === undefined)
    throw new UsageError(
      '--quantise, and an embedding of features',
      'a network of pictures',
      'quantise the network that gives the features: cf export --model onnx:FILE --quantise --data FOLDER.',
    );
  const path = join(out, MODEL_FILES.model);
  const cardPath = join(out, MODEL_FILES.card);
  const float = { path, model, files: await write(path, withCard(model, card), say) };
  await atomicWrite(cardPath, cardMarkdown(card));
  say(`model and card: ${path}, ${cardPath}`);
  if (quantisation === undefined || pictures === undefined) return;
  const inBytes = await quantised(wanted, { ...pictures, float, card, quantisation });
  await atomicWrite(cardPath, cardMarkdown({ ...card, quantisation: inBytes }));
  for (const line of measuredLines(inBytes)) say(line);
}

interface ReadNetwork {
  readonly card: Pick<ModelCard, 'name' | 'model' | 'preprocessing'>;
  /** As it is written, but for the card. */
  readonly model: Model;
  /** Undefined for an embedding of features. */
  readonly pictures:
    | {
        readonly prepared: Model;
        readonly pixels: PixelForm;
        readonly shape: { width: number; height: number };
      }
    | undefined;
}

async function readNetwork({ file, settings, name, say }: ModelExport): Promise<ReadNetwork> {
  const read = await readModelFile(file);
  const { totals, output } = inspectModel(read);
  if (featuresOf(read, file) !== undefined) {
    const size = Number(declaredShape(read.graph!.output[0]!)?.[1] ?? 0);
    const model = {
      network: basename(file),
      output: output ?? '',
      embeddingSize: size,
      parameters: totals.parameters,
    };
    return { card: { name, model, preprocessing: undefined }, model: read, pictures: undefined };
  }
  const { model: prepared, pixels, notes } = prepareRead(file, read, settings ?? {});
  if (settings !== undefined) for (const note of notes) say(note);
  const network = await openOnnxNetwork(file, prepared, pixels);
  await network.dispose();
  const { shape, dim } = network;
  const graph = prepared.graph!;
  const constants = new Set(graph.initializer.map((tensor) => tensor.name));
  const input = graph.input.find((one) => !constants.has(one.name))!.name;
  return {
    card: {
      name,
      model: {
        network: graph.name,
        output: graph.output[0]!.name,
        embeddingSize: dim,
        parameters: totals.parameters,
      },
      preprocessing: preprocessingOf(input, pixels, shape),
    },
    // A run's model may be in half precision, which it keeps.
    model: settings === undefined ? read : prepared,
    pictures: { prepared, pixels, shape: { width: shape.width, height: shape.height } },
  };
}

async function quantised(
  { out, problems, signal, say }: ModelExport,
  {
    prepared,
    pixels,
    shape,
    float,
    card,
    quantisation,
  }: NonNullable<ReadNetwork['pictures']> & {
    readonly float: WrittenNetwork;
    readonly card: ModelCard;
    readonly quantisation: NonNullable<ModelExport['quantisation']>;
  },
): Promise<QuantisationFacts> {
  const { on, weights, method } = quantisation;
  const options = { strict: false, onProblem: problems.add, signal };
  const data = await unalignedData(on.data, say);
  const dataset = await loadDataset(data, on.evaluation, on.seed, options);
  const chosen = calibrationPictures(dataset, quantisation.pictures);
  const images = dataset.images.some(chosen);
  const { model, layers, floatLayers } = await quantiseNetwork(
    { model: prepared, pixels, shape },
    quantisation,
    images,
    options,
  );
  const path = join(out, `model.${weights}.onnx`);
  // Measured as it runs, then written once more with what was measured.
  const bytes = { path, model, files: await write(path, withCard(model, card), say) };
  const measured = await measureFiles({ ...float, model: prepared }, bytes, { pixels, dataset, options });
  if (problems.all.length > 0) say(problemsText(problems.all.length, 0));
  const facts: QuantisationFacts = {
    activations: 'uint8',
    weights,
    method,
    calibrationPictures: chosen.length,
    layers: layers.length,
    floatLayers: countsOf(floatLayers.map(({ kind }) => kind)),
    protocol: protocolText(on.evaluation.pairs, { folds: on.evaluation.pairsFolds, from: dataset.pairsFrom }),
    ...measured,
  };
  await write(path, withCard(model, { ...card, quantisation: facts }), say);
  return facts;
}

/** The most frequent first. */
function countsOf(kinds: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

async function write(path: string, model: Model, say: (line: string) => void): Promise<readonly string[]> {
  const { files, notes } = await writeModelFile(path, model).catch((cause: unknown) => {
    throw new OutputError(path, cause);
  });
  for (const { text } of notes) say(text);
  return files;
}

function measuredLines(facts: QuantisationFacts): readonly string[] {
  const { float, quantised: bytes, cosine } = facts;
  const width = Math.max(float.file.length, bytes.file.length);
  const line = ({ file, bytes: size, milliseconds, score }: MeasuredFile): string =>
    `${file.padEnd(width)}  ${sizeText(size)}  ${milliseconds.toFixed(2)} ms a picture  accuracy ${score.accuracy.toFixed(4)} ± ${score.std.toFixed(4)}  AUC ${score.auc.toFixed(4)}  EER ${score.eer.toFixed(4)}`;
  return [
    `${layersText(facts)}, ranges by ${facts.method} on ${facts.calibrationPictures} pictures that are not scored`,
    line(float),
    line(bytes),
    `cosine between the two ${cosine.mean.toFixed(4)} in the mean, ${cosine.least.toFixed(4)} at least. ${lostText(facts)}`,
  ];
}
