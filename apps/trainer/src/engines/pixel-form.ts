import type { ImageShape } from '../dataset/image-source.ts';
import { UsageError } from '../errors.ts';

/** How a network wants its pictures. */
export interface PixelForm {
  /** Of each channel, in the network's own order: (x − mean) / std of x in 0 … 255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly order: 'rgb' | 'bgr';
  readonly layout: 'nchw' | 'nhwc';
}

/** What is said of a form; the rest is the file's. */
export type AskedPixels = Partial<PixelForm>;

/** What is taken from pixels, and what divides them. */
export type Norm = Pick<PixelForm, 'mean' | 'std'>;

/** Pixels as they are. */
export const RAW: PixelForm = { mean: [0, 0, 0], std: [1, 1, 1], order: 'rgb', layout: 'nchw' };

/** Forms by name. */
export const INPUT_PRESETS = {
  insightface: { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
  imagenet: { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
  raw: { mean: RAW.mean, std: RAW.std },
} as const satisfies Readonly<Record<string, Norm>>;

/** The settings that say it. */
export interface PixelSettings {
  readonly input?: keyof typeof INPUT_PRESETS | undefined;
  readonly inputMean?: string | undefined;
  readonly inputStd?: string | undefined;
  readonly inputOrder?: PixelForm['order'] | undefined;
  readonly inputLayout?: PixelForm['layout'] | undefined;
  readonly inputSize?: string | undefined;
}

/**
 * What settings say of the form. A mean or a deviation goes before those of a preset, whose numbers are for red, green
 * and blue, wherever a network has them.
 *
 * @throws UsageError for what is not one number, or three
 */
export function askedPixels(settings: PixelSettings): AskedPixels {
  const { input, inputMean, inputStd, inputOrder: order, inputLayout: layout } = settings;
  const isNormed = input !== undefined || inputMean !== undefined || inputStd !== undefined;
  const { mean, std } = INPUT_PRESETS[input ?? 'raw'];
  const preset = order === 'bgr' ? { mean: mean.toReversed(), std: std.toReversed() } : { mean, std };
  const norm = {
    mean: inputMean === undefined ? preset.mean : channels('--input-mean', inputMean, Number.isFinite),
    std:
      inputStd === undefined
        ? preset.std
        : channels('--input-std', inputStd, (x) => Number.isFinite(x) && x > 0),
  };
  return { ...(isNormed && norm), ...(order && { order }), ...(layout && { layout }) };
}

/**
 * The size of pictures that settings name: `112`, or `112x96` for height and width.
 *
 * @throws UsageError for another text
 */
export function askedSize({ inputSize }: PixelSettings): Pick<ImageShape, 'height' | 'width'> | undefined {
  if (inputSize === undefined) return undefined;
  const [height, width] = inputSize.split(/[x×]/i).map((part) => (/^\d{1,5}$/.test(part) ? Number(part) : 0));
  const size = { height: height!, width: width ?? height! };
  if (size.height > 0 && size.width > 0 && inputSize.split(/[x×]/i).length <= 2) return size;
  throw new UsageError(
    `--input-size ${inputSize}`,
    'pixels a side',
    'write 112, or height and width: 112x96.',
  );
}

function channels(flag: string, text: string, fits: (x: number) => boolean): readonly number[] {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.every(fits) && numbers.length === 1) return [numbers[0]!, numbers[0]!, numbers[0]!];
  if (numbers.every(fits) && numbers.length === 3) return numbers;
  const kind = flag === '--input-std' ? 'numbers above 0' : 'numbers';
  const fix = 'write 127.5, or one number a channel: 123.675,116.28,103.53.';
  throw new UsageError(`${flag} ${text}`, `one or three ${kind}`, fix);
}

/** Whether pixels are wanted as they are: RGB 0 … 255, [N, 3, height, width]. */
export function isUnchanged(form: PixelForm): boolean {
  return isRange(form) && form.order === 'rgb' && form.layout === 'nchw';
}

function isRange({ mean, std }: Norm): boolean {
  return mean.every((x) => x === 0) && std.every((x) => x === 1);
}

/** `(x − 127.5) / 127.5, RGB, NCHW`. */
export function pixelText({ mean, std, order, layout }: PixelForm): string {
  const short = (numbers: readonly number[]): string =>
    numbers.every((x) => x === numbers[0]) ? `${numbers[0]}` : `[${numbers.join(', ')}]`;
  const range = isRange({ mean, std }) ? '0 to 255' : `(x − ${short(mean)}) / ${short(std)}`;
  return `${range}, ${order.toUpperCase()}, ${layout.toUpperCase()}`;
}

/** The shape of one sample. */
export function sampleShape(
  { height, width }: Pick<ImageShape, 'height' | 'width'>,
  { layout }: PixelForm,
): readonly number[] {
  return layout === 'nhwc' ? [height, width, 3] : [3, height, width];
}

/**
 * Pictures as a network wants them.
 *
 * @param values RGB 0 … 255, [N, 3, height, width]
 * @returns `values` themselves where the network wants them so
 */
export function networkInput(
  values: Float32Array,
  { height, width }: Pick<ImageShape, 'height' | 'width'>,
  form: PixelForm,
): Float32Array {
  if (isUnchanged(form)) return values;
  const { mean, std, order, layout } = form;
  const plane = height * width;
  const result = new Float32Array(values.length);
  const [step, start] = layout === 'nhwc' ? [3, 1] : [1, plane];
  for (let picture = 0; picture < values.length; picture += 3 * plane) {
    for (let channel = 0; channel < 3; channel++) {
      const from = picture + (order === 'bgr' ? 2 - channel : channel) * plane;
      const to = picture + channel * start;
      for (let i = 0; i < plane; i++)
        result[to + i * step] = (values[from + i]! - mean[channel]!) / std[channel]!;
    }
  }
  return result;
}
