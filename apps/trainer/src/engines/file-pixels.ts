import { type ExpectedPixels, metadataOf, ownNormalisation, PIXELS_KEY } from '@cf/onnx';
import { z } from 'zod';
import { BackboneError } from '../errors.ts';
import { parseJson } from '../run/json-file.ts';
import type { Described } from './picture-input.ts';
import {
  type AskedPixels,
  INPUT_PRESETS,
  isUnchanged,
  type Norm,
  type PixelForm,
  pixelText,
  RAW,
} from './pixel-form.ts';

/** How a file wants its pixels, with what is to be said about it. */
export interface FilePixels {
  readonly form: PixelForm;
  readonly notes: readonly string[];
}

/** Constants before the first layer, of one number or one a channel. */
type OwnNorm = Extract<ExpectedPixels, { readonly kind: 'normalised' }>;

/**
 * How a file wants its pixels: as flags say, else as its metadata say; where neither does, as they are, if the file
 * normalises pixels from 0 to 255 by itself.
 *
 * @param layout as the shape of its input says
 * @returns undefined where nobody says it
 * @throws BackboneError where flags and file would both normalise; for metadata that are none
 */
export function filePixels(
  file: string,
  network: Described,
  { asked, layout }: { readonly asked: AskedPixels; readonly layout: PixelForm['layout'] },
): FilePixels | undefined {
  const found = ownNormalisation(network.model, network.input);
  const own = found.kind === 'normalised' ? found : undefined;
  const kept = metadataOf(network.model, PIXELS_KEY);
  const said = kept === undefined ? undefined : formOf(file, kept);
  const { asked: given, notes } = own === undefined ? { asked, notes: [] } : once(file, own, asked);
  if (said === undefined && own === undefined && given.mean === undefined) return undefined;
  const form = { ...(said ?? { ...RAW, layout }), ...given };
  const isOther = said !== undefined && pixelText(said) !== pixelText(form);
  return {
    form,
    notes: [
      ...notes,
      ...(isOther ? [`the file's metadata say ${pixelText(said)}; the flags go before them`] : []),
      ...(isUnchanged(form) ? [] : [`pixels: ${pixelText(form)}`]),
    ],
  };
}

/** Nobody says how a file wants its pixels. */
export function pixelsUnsaid(file: string): BackboneError {
  const presets = Object.keys(INPUT_PRESETS).join(', ');
  return new BackboneError(
    `'${file}', which does not normalise pixels from 0 to 255 by itself and does not say how`,
    `--input ${presets}, or --input-mean and --input-std`,
    'say how its authors normalise pictures: insightface is (x − 127.5) / 127.5, raw is 0 to 255, --input-std 255 is 0 to 1.',
  );
}

/** What is left to do beside what the file does by itself: the same is not done twice. */
function once(
  file: string,
  own: OwnNorm,
  asked: AskedPixels,
): { readonly asked: AskedPixels; readonly notes: readonly string[] } {
  const { mean, std, ...rest } = asked;
  if (mean === undefined || std === undefined || isUnchanged({ ...RAW, mean, std }))
    return { asked, notes: [] };
  if (!isNear(own, { mean, std }))
    throw new BackboneError(
      `'${file}', which takes ${ownText(own)} by itself, with pixels ${pixelText({ ...RAW, mean, std }).split(',')[0]}`,
      'pixels that are normalised once',
      'leave --input, --input-mean and --input-std out, or say --input raw.',
    );
  return {
    asked: { mean: RAW.mean, std: RAW.std, ...rest },
    notes: [`the file itself takes ${ownText(own)}: it gets pixels from 0 to 255`],
  };
}

/** Whether two normalisations are one but for two percent: 127.5 and 128 are both written for the same. */
function isNear(own: OwnNorm, { mean, std }: Norm): boolean {
  return [0, 1, 2].every((channel) => {
    const at = (list: readonly number[]): number => list[list.length === 1 ? 0 : channel] ?? Number.NaN;
    const [scale, middle] = [at(own.scale) * std[channel]!, Math.abs(at(own.mean) - mean[channel]!)];
    return Math.abs(scale - 1) < 0.02 && middle < 0.02 * std[channel]!;
  });
}

function ownText({ mean, scale, nodes }: OwnNorm): string {
  const short = (list: readonly number[]): string => {
    const texts = list.map((x) => String(Number(x.toPrecision(4))));
    return texts.every((text) => text === texts[0]) ? texts[0]! : `[${texts.join(', ')}]`;
  };
  return `(x − ${short(mean)}) · ${short(scale)} in '${nodes.join("', '")}'`;
}

/** @throws BackboneError for metadata that this program did not write */
function formOf(file: string, text: string): PixelForm {
  const read = parseJson(FORM, text);
  if ('value' in read) return read.value;
  throw new BackboneError(
    `'${file}' with ${PIXELS_KEY} = ${text} (${read.matter})`,
    'pixels as this program writes them',
    'take an unchanged file.',
  );
}

const FORM: z.ZodType<PixelForm> = z.object({
  mean: z.array(z.number()).length(3),
  std: z.array(z.number().positive()).length(3),
  order: z.enum(['rgb', 'bgr']),
  layout: z.enum(['nchw', 'nhwc']),
});
