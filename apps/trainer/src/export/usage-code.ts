import { pixelText } from '../engines/pixel-form.ts';
import type { Preprocessing } from './model-card.ts';

/** What the lines need to know of a model. */
export interface UsedModel {
  readonly file: string;
  readonly output: string;
  readonly preprocessing: Preprocessing;
}

/** The lines with which a server runs a model: pictures in, embeddings out. */
export function nodeCode({ file, output, preprocessing }: UsedModel): string {
  const { width, height } = preprocessing;
  return `import * as ort from 'onnxruntime-node';
import sharp from 'sharp';

const session = await ort.InferenceSession.create('${file}');
export async function embed(picture) {
  const crop = sharp(picture).resize(${width}, ${height}, { fit: 'fill' }).removeAlpha().toColourspace('srgb');
  const pixels = await crop.raw().toBuffer();
  const value = (_, i) => ${pixelValue(preprocessing, 'pixels', 3)};
  const input = Float32Array.from({ length: ${3 * width * height} }, value);
  const { ${destructured(output)} } = await session.run({ ${quoted(preprocessing.input)}: new ort.Tensor('float32', input, [1, ${preprocessing.shape.join(', ')}]) });
  return embedding.data;
}
`;
}

/** The lines with which a page runs a model. @param file as the page fetches it */
export function browserCode({ file, output, preprocessing }: UsedModel): string {
  const { width, height } = preprocessing;
  return `import * as ort from 'onnxruntime-web';

const session = await ort.InferenceSession.create('${file}');
export async function embed(blob) {
  const context = new OffscreenCanvas(${width}, ${height}).getContext('2d');
  context.drawImage(await createImageBitmap(blob), 0, 0, ${width}, ${height});
  const pixels = context.getImageData(0, 0, ${width}, ${height}).data;
  const value = (_, i) => ${pixelValue(preprocessing, 'pixels', 4)};
  const input = Float32Array.from({ length: ${3 * width * height} }, value);
  const { ${destructured(output)} } = await session.run({ ${quoted(preprocessing.input)}: new ort.Tensor('float32', input, [1, ${preprocessing.shape.join(', ')}]) });
  return embedding.data;
}
`;
}

/** The line that compares two embeddings. */
export const SIMILARITY_CODE = `export function similarity(a, b) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)); // the cosine: 1 for the same picture
}
`;

/** A number of the input, by its place i. @param step between the pixels of the picture: 3 for RGB, 4 where there is alpha */
function pixelValue(
  { width, height, layout, order, mean, std }: Preprocessing,
  from: string,
  step: 3 | 4,
): string {
  const plane = width * height;
  const [place, channel] =
    layout === 'nchw' ? [`i % ${plane}`, `Math.floor(i / ${plane})`] : ['Math.floor(i / 3)', 'i % 3'];
  const colour = order === 'bgr' ? `2 - (${channel})` : channel;
  const pixel = `${from}[${step} * (${place}) + ${colour}]`.replace(
    '(Math.floor(i / 3))',
    'Math.floor(i / 3)',
  );
  const isRaw = pixelText({ mean, std, order, layout }).startsWith('0 to 255');
  const isOne =
    [...mean, ...std].every((x) => x === mean[0]) ||
    [mean, std].every((list) => list.every((x) => x === list[0]));
  return isRaw
    ? pixel
    : isOne
      ? `(${pixel} - ${mean[0]}) / ${std[0]}`
      : `(${pixel} - [${mean.join(', ')}][${channel}]) / [${std.join(', ')}][${channel}]`;
}

function destructured(output: string): string {
  return output === 'embedding' ? output : `${quoted(output)}: embedding`;
}

function quoted(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}
