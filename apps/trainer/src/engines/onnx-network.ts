import { access } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ImageShape } from '../dataset/image-source.ts';
import { BackboneError, reasonOf } from '../errors.ts';

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
  /** Of its one input, [N, 3, height, width]. */
  readonly shape: ImageShape;
}

/** No file can be read at the path after onnx:. */
export function unreadable(file: string, cause: unknown): BackboneError {
  const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  const why = missing ? ', which does not exist' : ` (${firstLine(cause)})`;
  return new BackboneError(`'${file}'${why}`, 'an ONNX file', 'check the path after onnx:.', cause);
}

/**
 * Opens a network from its file; each run takes one thread.
 *
 * @throws BackboneError if the file is missing or broken, or does not map pictures to vectors
 */
export async function openOnnxFile(file: string): Promise<EmbeddingNetwork> {
  try {
    await access(file);
  } catch (cause) {
    throw unreadable(file, cause);
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
export async function openOnnxNetwork(name: string, model: string | Uint8Array): Promise<EmbeddingNetwork> {
  const session = await openSession(name, model);
  const [height, width] = pictureSize(name, session);
  const run = runOf(session, [3, height, width]);
  const dim = (await probe(name, run, height, width)).length;
  return { shape: { width, height, channels: 3 }, dim, run, dispose: () => session.release() };
}

/** Opens an embedding of feature vectors, as `cf train` writes it. @throws BackboneError if it is broken */
export async function openOnnxEmbedding(model: Uint8Array): Promise<Embedder> {
  const session = await openSession('embedding', model);
  const [input, output] = [session.inputMetadata[0]!, session.outputMetadata[0]!].map((meta) =>
    meta.isTensor ? Number(meta.shape[1]) : Number.NaN,
  ) as [number, number];
  return { dim: output, run: runOf(session, [input]), dispose: () => session.release() };
}

function runOf(session: InferenceSession, sample: readonly number[]): Embedder['run'] {
  const [input, output] = [session.inputNames[0]!, session.outputNames[0]!];
  return async (values, count) => {
    const results = await session.run({ [input]: new Tensor('float32', values, [count, ...sample]) });
    return results[output]!.data as Float32Array;
  };
}

async function openSession(name: string, model: string | Uint8Array): Promise<InferenceSession> {
  try {
    // One of two overloads.
    return await InferenceSession.create(model as string, { intraOpNumThreads: 1 });
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
  run: Embedder['run'],
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
  return reasonOf(cause).split('\n')[0]!;
}
