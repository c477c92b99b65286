import { access } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ImageShape } from '../dataset/image-source.ts';
import { BackboneError } from '../errors.ts';

/** A network of pictures, as it is. */
export interface EmbeddingNetwork {
  /** Of its one input, [N, 3, height, width]. */
  readonly shape: ImageShape;
  /** d, the length of its first output. */
  readonly dim: number;
  /** [count, 3, height, width], RGB 0 … 255 → [count, d]. Runs may overlap. */
  run(pixels: Float32Array, count: number): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** One that onnxruntime runs; each run takes one thread. */
export type OnnxNetwork = EmbeddingNetwork;

/**
 * Opens a network from its file.
 *
 * @throws BackboneError if the file is missing or broken, or does not map pictures to vectors
 */
export async function openOnnxFile(file: string): Promise<OnnxNetwork> {
  try {
    await access(file);
  } catch (cause) {
    throw new BackboneError(
      `'${file}', which does not exist`,
      'an ONNX file',
      'check the path after onnx:.',
      cause,
    );
  }
  return openOnnxNetwork(file, file);
}

/**
 * Opens a network.
 *
 * @param name what messages call it
 * @param model its file, or what would be in it
 * @throws BackboneError if it is broken, or does not map pictures to vectors
 */
export async function openOnnxNetwork(name: string, model: string | Uint8Array): Promise<OnnxNetwork> {
  const session = await openSession(name, model);
  const input = session.inputNames[0]!;
  const output = session.outputNames[0]!;
  const [height, width] = pictureSize(name, session);
  const run = async (pixels: Float32Array, count: number): Promise<Float32Array> => {
    const results = await session.run({ [input]: new Tensor('float32', pixels, [count, 3, height, width]) });
    return results[output]!.data as Float32Array;
  };
  const dim = (await probe(name, run, height, width)).length;
  return { shape: { width, height, channels: 3 }, dim, run, dispose: () => session.release() };
}

async function openSession(name: string, model: string | Uint8Array): Promise<InferenceSession> {
  try {
    const options = { intraOpNumThreads: 1 };
    return typeof model === 'string'
      ? await InferenceSession.create(model, options)
      : await InferenceSession.create(model, options);
  } catch (cause) {
    throw new BackboneError(
      `'${name}' (${firstLine(cause)})`,
      'an ONNX model that onnxruntime loads',
      'export it again, opset 11 or later.',
      cause,
    );
  }
}

function pictureSize(name: string, session: InferenceSession): [number, number] {
  const meta = session.inputMetadata[0]!;
  const shape = meta.isTensor ? meta.shape : [];
  const [height, width] = [shape[2], shape[3]];
  const fits = session.inputNames.length === 1 && shape.length === 4 && shape[1] === 3;
  if (fits && typeof height === 'number' && typeof width === 'number') return [height, width];
  throw new BackboneError(
    `'${name}' with input [${session.inputNames.join(', ')}] of shape [${shape.join(', ')}]`,
    'one input [N, 3, height, width] of fixed size',
    'export the backbone with RGB pictures as its only input.',
  );
}

async function probe(
  name: string,
  run: OnnxNetwork['run'],
  height: number,
  width: number,
): Promise<Float32Array> {
  try {
    return await run(new Float32Array(3 * height * width), 1);
  } catch (cause) {
    throw new BackboneError(
      `'${name}' fails on one picture (${firstLine(cause)})`,
      'a float32 model of pictures',
      'try it in onnxruntime by itself.',
      cause,
    );
  }
}

/** What went wrong, in a line. */
export function firstLine(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!;
}
