import { firstLine } from '@cf/core';
import { type Model, OnnxGraphError, requireSeparateSamples } from '@cf/onnx';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { ImageShape } from '../dataset/image-source.ts';
import { BackboneError } from '../errors.ts';
import type { Device } from './device.ts';
import { inferenceSession } from './inference-session.ts';
import { hasLoop, requireLoopsToEnd } from './loop-trial.ts';
import { networkInput, type PixelForm, RAW, sampleShape } from './pixel-form.ts';

/** A network as it is, to embed with. */
export interface Embedder {
  /** d, the length of its first output. */
  readonly dim: number;
  /** Values of `count` samples, [count, ...sample] → [count, d]. Runs may overlap. */
  run(values: Float32Array, count: number): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** One of pictures, RGB 0 … 255. */
export interface EmbeddingNetwork extends Embedder {
  /** Of one picture. */
  readonly shape: ImageShape;
}

/**
 * Opens a network; each run takes one thread.
 *
 * @param name what messages call it
 * @param model or the bytes of its file
 * @param pixels how it wants its pictures
 * @param device that was proven
 * @throws BackboneError if it is broken, does not come to an end, or does not map pictures to vectors
 */
export async function openOnnxNetwork(
  name: string,
  model: Model | Uint8Array,
  pixels: PixelForm = RAW,
  device?: Device,
): Promise<EmbeddingNetwork> {
  if (!(model instanceof Uint8Array) && hasLoop(model)) await requireLoopsToEnd(name, model);
  const session = await openSession(name, model, device);
  const size = pictureSize(name, session, pixels);
  const run = runOf(name, session, sampleShape(size, pixels));
  const embed: Embedder['run'] = (values, count) => run(networkInput(values, size, pixels), count);
  const dim = (await embed(new Float32Array(3 * size.height * size.width), 1)).length;
  return { shape: { ...size, channels: 3 }, dim, run: embed, dispose: () => session.release() };
}

/**
 * Refuses a network that does not take batches, or in which one picture depends on those beside it.
 *
 * @throws BackboneError
 */
export async function requireBatches(name: string, { run, shape }: EmbeddingNetwork): Promise<void> {
  let isDead = true;
  const embed: EmbeddingNetwork['run'] = async (values, count) => {
    const embeddings = await run(values, count);
    if (!embeddings.every(Number.isFinite)) throw notFinite(name);
    isDead &&= embeddings.every((x) => x === 0);
    return embeddings;
  };
  try {
    await requireSeparateSamples(embed, 3 * shape.height * shape.width);
  } catch (cause) {
    if (!(cause instanceof OnnxGraphError)) throw cause;
    throw new BackboneError(`'${name}', ${cause.given}`, cause.expected, cause.fix, cause);
  }
  if (isDead) {
    throw new BackboneError(
      `'${name}', which gives 0 for every picture`,
      'a network that tells pictures apart',
      'check its weights, and how it wants its pixels (--input).',
    );
  }
}

function notFinite(name: string): BackboneError {
  return new BackboneError(
    `'${name}', whose embedding of a picture is not finite`,
    'finite numbers',
    'check its weights, and how it wants its pixels (--input).',
  );
}

/** Opens an embedding of feature vectors, as `cf train` writes it. @throws BackboneError if it is broken */
export async function openOnnxEmbedding(model: Model | Uint8Array, device?: Device): Promise<Embedder> {
  const session = await openSession('embedding', model, device);
  const [input, output] = [session.inputMetadata[0]!, session.outputMetadata[0]!].map((meta) =>
    meta.isTensor ? Number(meta.shape[1]) : Number.NaN,
  ) as [number, number];
  return { dim: output, run: runOf('embedding', session, [input]), dispose: () => session.release() };
}

function runOf(name: string, session: InferenceSession, sample: readonly number[]): Embedder['run'] {
  const [input, output] = [session.inputNames[0]!, session.outputNames[0]!];
  return async (values, count) => {
    const tensor = new Tensor('float32', values, [count, ...sample]);
    try {
      const { data, type } = (await session.run({ [input]: tensor }))[output]!;
      if (data instanceof Float32Array) return data;
      throw new BackboneError(
        `'${name}', which gives ${type}`,
        'embeddings of float32',
        'name another output.',
      );
    } catch (cause) {
      if (cause instanceof BackboneError) throw cause;
      throw new BackboneError(
        `'${name}' fails on ${count === 1 ? 'one picture' : `${count} pictures`} (${firstLine(cause)})`,
        'a float32 model of pictures',
        'try it in onnxruntime by itself.',
        cause,
      );
    }
  };
}

async function openSession(
  name: string,
  model: Model | Uint8Array,
  device: Device | undefined,
): Promise<InferenceSession> {
  try {
    return await inferenceSession(model, device);
  } catch (cause) {
    throw new BackboneError(
      `'${name}' (${firstLine(cause)})`,
      'an ONNX model that onnxruntime loads',
      'look at it with cf inspect; export it again, in float32 and with operators of ONNX.',
      cause,
    );
  }
}

function pictureSize(
  name: string,
  session: InferenceSession,
  { layout }: PixelForm,
): Pick<ImageShape, 'width' | 'height'> {
  const meta = session.inputMetadata[0]!;
  const shape = meta.isTensor ? meta.shape : [];
  const [channels, height, width] = layout === 'nchw' ? shape.slice(1) : [shape[3], shape[1], shape[2]];
  const fits = session.inputNames.length === 1 && shape.length === 4 && channels === 3;
  if (fits && typeof height === 'number' && typeof width === 'number') return { height, width };
  throw new BackboneError(
    `'${name}' with input [${session.inputNames.join(', ')}] of shape [${shape.join(', ')}]`,
    `one input [${layout === 'nchw' ? 'N, 3, height, width' : 'N, height, width, 3'}] of fixed size`,
    'export the backbone with pictures of three channels as its only input, or say --input-layout.',
  );
}
