import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CfError } from '@cf/core';
import {
  decodeModel,
  encodeModel,
  expectedPixels,
  type Model,
  OnnxGraphError,
  OnnxOpsetError,
  PIXELS_KEY,
  prepareModel,
  withMetadata,
} from '@cf/onnx';
import { BackboneError, firstLine } from '../errors.ts';
import {
  type AskedPixels,
  askedPixels,
  INPUT_PRESETS,
  type PixelForm,
  type PixelSettings,
  RAW,
} from './pixel-form.ts';

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
  /** What was done to it: a sentence each. */
  readonly notes: readonly string[];
}

/** No file can be read at the path after onnx:. */
export function unreadable(file: string, cause: unknown): BackboneError {
  const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  const why = missing ? ', which does not exist' : ` (${firstLine(cause)})`;
  return new BackboneError(`'${file}'${why}`, 'an ONNX file', 'check the path after onnx:.', cause);
}

/**
 * Reads a file of ONNX.
 *
 * @throws BackboneError if it is missing or broken; OnnxOpsetError if its opset is not known
 */
export async function readModelFile(file: string): Promise<Model> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  try {
    return decodeModel(bytes);
  } catch (cause) {
    if (cause instanceof OnnxOpsetError) throw cause;
    const reason = cause instanceof CfError ? cause.given : firstLine(cause);
    throw new BackboneError(
      `'${file}' (${reason})`,
      'an ONNX model',
      'export it again, or fetch it again where it was cut short.',
      cause,
    );
  }
}

/**
 * Reads a file and makes it ready: one input, one output, any batch, running statistics, known pixels.
 *
 * @throws BackboneError, OnnxOpsetError as {@link readModelFile}; BackboneError if nobody says how its pixels are
 * normalised; OnnxGraphError for an input or output that has to be named
 * @throws UsageError for pixels that are none
 */
export async function prepareFile(file: string, settings: FileSettings = {}): Promise<PreparedFile> {
  const asked = askedPixels(settings);
  const model = await readModelFile(file);
  const { inputName, outputName, keepShared = false } = settings;
  const prepared = told(file, () =>
    prepareModel(model, {
      keepShared,
      ...(inputName !== undefined && { input: inputName }),
      ...(outputName !== undefined && { output: outputName }),
    }),
  );
  const pixels = told(file, () => pixelsOf(file, prepared, asked));
  const text = JSON.stringify(pixels);
  const isPlain = text === JSON.stringify(RAW);
  return {
    model: withMetadata(prepared.model, PIXELS_KEY, text),
    fingerprint: createHash('sha256')
      .update(encodeModel(prepared.model))
      .update(isPlain ? '' : text)
      .digest('hex'),
    pixels,
    notes: [...prepared.notes.map((note) => note.text), ...(isPlain ? [] : [`pixels: ${pixelText(pixels)}`])],
  };
}

/** `(x − 127.5) / 127.5, RGB, NCHW`. */
export function pixelText({ mean, std, order, layout }: PixelForm): string {
  const short = (numbers: readonly number[]): string =>
    numbers.every((x) => x === numbers[0]) ? `${numbers[0]}` : `[${numbers.join(', ')}]`;
  return `(x − ${short(mean)}) / ${short(std)}, ${order.toUpperCase()}, ${layout.toUpperCase()}`;
}

/** Inputs and outputs are named by flags here; and whatever else comes up about a file is its fault. */
function told<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof OnnxGraphError) {
      const fix = cause.fix
        .replace(/^name the input\./, 'name it with --input-name.')
        .replace(/^name the output\./, 'name it with --output-name.');
      throw new OnnxGraphError(`'${file}', ${cause.given}`, cause.expected, fix);
    }
    if (cause instanceof CfError) throw cause;
    throw new BackboneError(
      `'${file}' (${firstLine(cause)})`,
      'an ONNX model of pictures',
      'export it again.',
      cause,
    );
  }
}

function pixelsOf(
  file: string,
  { model, input }: ReturnType<typeof prepareModel>,
  asked: AskedPixels,
): PixelForm {
  const expected = expectedPixels(model, input);
  const layout = layoutOf(model, input);
  if (expected.kind === 'metadata') return { ...formOf(file, expected.value), ...asked };
  if (expected.kind === 'normalised' || asked.mean !== undefined) return { ...RAW, layout, ...asked };
  const presets = Object.keys(INPUT_PRESETS).join(', ');
  throw new BackboneError(
    `'${file}', which takes its pixels as they come and does not say how`,
    `--input ${presets}, or --input-mean and --input-std`,
    'say how its authors normalise pictures: insightface is (x − 127.5) / 127.5, raw is 0 to 255.',
  );
}

function layoutOf({ graph }: Model, input: string): PixelForm['layout'] {
  const type = graph!.input.find(({ name }) => name === input)?.type?.value;
  const dims = type?.case === 'tensorType' ? (type.value.shape?.dim ?? []) : [];
  const channels = (at: number): boolean => {
    const value = dims[at]?.value;
    return value?.case === 'dimValue' && Number(value.value) === 3;
  };
  return dims.length === 4 && channels(3) && !channels(1) ? 'nhwc' : 'nchw';
}

/** @throws BackboneError for metadata that this program did not write */
function formOf(file: string, text: string): PixelForm {
  try {
    const { mean, std, order, layout } = JSON.parse(text) as PixelForm;
    const isNumbers = [mean, std].every((list) => list.length === 3 && list.every(Number.isFinite));
    if (isNumbers && ['rgb', 'bgr'].includes(order) && ['nchw', 'nhwc'].includes(layout))
      return { mean, std, order, layout };
  } catch {
    // Told below.
  }
  throw new BackboneError(
    `'${file}' with ${PIXELS_KEY} = ${text}`,
    'pixels as this program writes them',
    'take an unchanged file.',
  );
}
