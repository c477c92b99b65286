import { availableMemory } from 'node:process';
import { firstLine } from '@cf/core';
import { GraphBuilder, type Model, sizeOf } from '@cf/onnx';
import { Tensor } from 'onnxruntime-node';
import { BackboneError, BatchMemoryError } from '../errors.ts';
import { inferenceSession } from './inference-session.ts';

/** Operators whose outputs are large and floating-point, and are kept for the way back. */
const KEPT = new Set([
  'Conv',
  'ConvTranspose',
  'BatchNormalization',
  'PRelu',
  'Relu',
  'LeakyRelu',
  'Gemm',
  'MatMul',
]);

/**
 * Bytes that training keeps a picture between the way forward and the way back: a lower bound, measured on one picture.
 */
export async function activationBytes(model: Model, sample: readonly number[]): Promise<number> {
  const watched = withActivations(model);
  const session = await told(() => inferenceSession(watched));
  try {
    const length = sizeOf(sample);
    const pixels = new Tensor('float32', new Float32Array(length), [1, ...sample]);
    const outputs = await told(() => session.run({ [session.inputNames[0]!]: pixels }));
    return Object.values(outputs).reduce((sum, { size }) => sum + 4 * size, 0);
  } finally {
    await session.release();
  }
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new BackboneError(
      `a network whose memory can't be measured (${firstLine(cause)})`,
      'one whose layers onnxruntime computes',
      'look at it with cf inspect.',
      cause,
    );
  }
}

function withActivations(model: Model): Model {
  const builder = GraphBuilder.extend(model);
  const known = new Set(model.graph!.output.map(({ name }) => name));
  for (const { opType, output } of model.graph!.node) {
    const name = output[0]!;
    if (KEPT.has(opType) && !known.has(name)) builder.output(name, 'float32', undefined);
  }
  return builder.build();
}

/**
 * Refuses a batch that can't fit, before the machine has to end the program.
 *
 * @throws BatchMemoryError
 */
export function requireMemory(
  bytesPerPicture: number,
  batch: number,
  available: number = availableMemory(),
): void {
  const bytes = batch * bytesPerPicture;
  if (bytes > available) throw new BatchMemoryError(batch, bytes, available);
}
