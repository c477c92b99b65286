import { createHash, type Hash } from 'node:crypto';
import { CfError, firstLine } from '@cf/core';
import {
  type Model,
  metadataOf,
  OnnxGraphError,
  OnnxOpsetError,
  PIXELS_KEY,
  prepareModel,
  RefusedModelError,
  sessionModel,
  withMetadata,
} from '@cf/onnx';
import { readModelFile as readOnnx } from '@cf/onnx/node';
import { BackboneError } from '../errors.ts';
import { FEATURES } from '../features/linear-embedding.ts';
import { RUN_FILES } from '../run/run-folder.ts';
import { type FilePixels, filePixels, pixelsUnsaid } from './file-pixels.ts';
import { type Described, inputsOf, pictureLayout, withPictureSize } from './picture-input.ts';
import { askedPixels, isUnchanged, type PixelForm, type PixelSettings, RAW } from './pixel-form.ts';
import { allReasons, RefusedFileError, reasonsOf } from './refusals.ts';

/** What is said about a file beside its path. */
export interface FileSettings extends PixelSettings {
  readonly inputName?: string | undefined;
  readonly outputName?: string | undefined;
  readonly keepShared?: boolean | undefined;
}

/** A file made ready to embed with and to be trained. */
export interface PreparedFile {
  /** With its pixels in the metadata. */
  readonly model: Model;
  /** Tells it, prepared, from other files and other pixels. */
  readonly fingerprint: string;
  readonly pixels: PixelForm;
  /** Nobody says how its pixels are normalised. */
  readonly arePixelsOpen?: boolean;
  /** What was done to it: a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Reads a file of ONNX, with the weights that stand in files beside it.
 *
 * @throws BackboneError if it is missing, broken, or lacks such a file; OnnxOpsetError if its opset is not known
 */
export async function readModelFile(file: string): Promise<Model> {
  const model = await readOnnx(file).catch((cause: unknown) => {
    if (cause instanceof OnnxOpsetError || !(cause instanceof CfError)) throw cause;
    throw new BackboneError(cause.given, cause.expected, cause.fix, cause);
  });
  const { initializer, node } = model.graph!;
  const tensors = [...initializer, ...node.flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? []))];
  const taken = tensors
    .flatMap(({ externalData }) => externalData.map(({ value }) => value))
    .find((location) => RUN_NAMES.has(location.toLowerCase()));
  if (taken === undefined) return model;
  // What is trained is written back into files of the same names.
  throw new BackboneError(
    `'${file}' with weights in '${taken}', a name that a run's own file has`,
    'another name',
    'export it with its weights in a file such as weights.bin.',
  );
}

const RUN_NAMES: ReadonlySet<string> = new Set(Object.values(RUN_FILES));

/** Of all of a model, wherever its weights are. */
export function modelHash(model: Model): Hash {
  const { bytes, options } = sessionModel(model);
  const hash = createHash('sha256').update(bytes);
  for (const { data } of options.externalData ?? []) hash.update(data);
  return hash;
}

/**
 * Reads a file and makes it ready: one input of pictures, one output, any batch, running statistics, known pixels.
 *
 * @throws BackboneError, OnnxOpsetError as {@link readModelFile}; BackboneError if it does not take pictures, or nobody
 * says how their pixels are normalised; OnnxGraphError for an input or output that has to be named
 * @throws UsageError for pixels that are none
 */
export async function prepareFile(file: string, settings: FileSettings = {}): Promise<PreparedFile> {
  return prepareRead(file, await readModelFile(file), settings);
}

/**
 * {@link prepareFile} of a file that was read. All that stands in the way is told at once.
 *
 * @param openPixels whether pixels that nobody says the range of are taken as they are
 */
export function prepareRead(
  file: string,
  model: Model,
  settings: FileSettings,
  openPixels: boolean = false,
): PreparedFile {
  const { inputName, outputName, keepShared = false } = settings;
  const pictured = withPictures(file, model, settings);
  const [prepared] = allReasons(file, [
    () =>
      told(file, () =>
        prepareModel(pictured.model, {
          keepShared,
          ...(inputName !== undefined && { input: inputName }),
          ...(outputName !== undefined && { output: outputName }),
        }),
      ),
    () => pictured.input && picturesOf(file, { ...pictured, input: pictured.input }, settings, openPixels),
  ]);
  const { sized, pixels } = picturesOf(file, prepared, settings, openPixels);
  const text = JSON.stringify(pixels.form);
  return {
    model: withMetadata(sized.model, PIXELS_KEY, text),
    fingerprint: modelHash(sized.model)
      .update(isUnchanged(pixels.form) ? '' : text)
      .digest('hex'),
    pixels: pixels.form,
    arePixelsOpen: pixels.isOpen ?? false,
    notes: [
      ...pictured.notes,
      ...prepared.notes.map((note) => withFlags(note.text)),
      ...sized.notes,
      ...pixels.notes,
    ],
  };
}

/**
 * What a network takes: pictures of a size, with pixels in some form.
 *
 * @throws BackboneError with all that is wrong with it; UsageError for pixels or a size that are none
 */
export function picturesOf(
  file: string,
  network: Described,
  settings: FileSettings,
  openPixels: boolean,
): {
  readonly sized: ReturnType<typeof withPictureSize>;
  readonly pixels: FilePixels & { readonly isOpen?: boolean };
} {
  const asked = askedPixels(settings);
  if (metadataOf(network.model, FEATURES) !== undefined)
    throw new BackboneError(
      `'${file}', an embedding of features`,
      'a network of pictures',
      'score it with its run, which knows the network below it: cf eval --run FOLDER.',
    );
  const layout = pictureLayout(network, settings.inputLayout);
  const [sized, pixels] = allReasons(file, [
    () => withPictureSize(file, network, { ...settings, inputLayout: layout }),
    (): FilePixels & { readonly isOpen?: boolean } => {
      const found = told(file, () => filePixels(file, network, { asked, layout }));
      if (found !== undefined) return found;
      if (openPixels) return { form: { ...RAW, layout, ...asked }, notes: [], isOpen: true };
      throw pixelsUnsaid(file);
    },
  ]);
  return { sized, pixels };
}

/** A file whose one input, or the named one, takes pictures as they will be; as it was, where that is not known yet. */
export function withPictures(
  file: string,
  model: Model,
  settings: FileSettings,
): ReturnType<typeof withPictureSize> & { readonly input: string | undefined } {
  const { inputName } = settings;
  const inputs = inputsOf(model);
  const isKnown = inputName === undefined ? inputs.length === 1 : inputs.includes(inputName);
  const input = isKnown ? (inputName ?? inputs[0]) : undefined;
  if (input === undefined) return { model, notes: [], input };
  const network = { model, input };
  try {
    const inputLayout = pictureLayout(network, settings.inputLayout);
    return { ...withPictureSize(file, network, { ...settings, inputLayout }), input };
  } catch {
    // Told when the file is made ready.
    return { model, notes: [], input };
  }
}

/** What a fix of `@cf/onnx` asks for, as a flag of this program. */
export function withFlags(text: string): string {
  return text
    .replace(/\bname the (input|output)\b/, 'name it with --$1-name')
    .replace(/\bkeep them shared\b/, 'say --keep-shared');
}

/** Inputs and outputs are named by flags here; and whatever else comes up about a file is its fault. */
function told<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof OnnxGraphError)
      throw new OnnxGraphError(`'${file}', ${cause.given}`, cause.expected, withFlags(cause.fix));
    if (cause instanceof RefusedModelError) throw new RefusedFileError(file, reasonsOf(cause).map(withFlags));
    if (cause instanceof CfError) throw cause;
    throw new BackboneError(
      `'${file}' (${firstLine(cause)})`,
      'an ONNX model of pictures',
      'export it again.',
      cause,
    );
  }
}
