import { access } from 'node:fs/promises';
import { basename } from 'node:path';
import { toTensorNCHW } from '@cf/data';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BackboneError } from '../errors.ts';
import type { FeatureExtractor } from './feature-extractor.ts';

/** Small batches stay in the cache; several of them run at a time, each on one thread. */
const BATCH = 8;

/**
 * A frozen ONNX backbone as feature extractor, run by onnxruntime. It takes RGB 0 … 255, [N, 3, H, W]; any
 * normalisation of the pixels is part of the graph.
 *
 * @throws BackboneError if the file is missing or broken, or does not map pictures to vectors
 */
export async function onnxBackbone(file: string): Promise<FeatureExtractor> {
  const session = await openSession(file);
  const input = session.inputNames[0]!;
  const output = session.outputNames[0]!;
  const [height, width] = pictureSize(file, session);
  const run = async (pixels: Float32Array, count: number): Promise<Float32Array> => {
    const results = await session.run({ [input]: new Tensor('float32', pixels, [count, 3, height, width]) });
    return results[output]!.data as Float32Array;
  };
  const dim = (await probe(file, run, height, width)).length;
  return {
    name: basename(file),
    shape: { width, height, channels: 3 },
    dim,
    batch: BATCH,
    extract: (images) => run(toTensorNCHW(images), images.length),
    dispose: () => session.release(),
  };
}

async function openSession(file: string): Promise<InferenceSession> {
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
  try {
    return await InferenceSession.create(file, { intraOpNumThreads: 1 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new BackboneError(
      `'${file}' (${reason})`,
      'an ONNX model that onnxruntime loads',
      'export it again, opset 11 or later.',
      cause,
    );
  }
}

function pictureSize(file: string, session: InferenceSession): [number, number] {
  const meta = session.inputMetadata[0]!;
  const shape = meta.isTensor ? meta.shape : [];
  const [height, width] = [shape[2], shape[3]];
  const fits = session.inputNames.length === 1 && shape.length === 4 && shape[1] === 3;
  if (fits && typeof height === 'number' && typeof width === 'number') return [height, width];
  throw new BackboneError(
    `'${file}' with input [${session.inputNames.join(', ')}] of shape [${shape.join(', ')}]`,
    'one input [N, 3, height, width] of fixed size',
    'export the backbone with RGB pictures as its only input.',
  );
}

async function probe(
  file: string,
  run: (pixels: Float32Array, count: number) => Promise<Float32Array>,
  height: number,
  width: number,
): Promise<Float32Array> {
  try {
    return await run(new Float32Array(3 * height * width), 1);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new BackboneError(
      `'${file}' fails on one picture (${reason})`,
      'a float32 model of pictures',
      'try it in onnxruntime by itself.',
      cause,
    );
  }
}
