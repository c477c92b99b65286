import type { Head, HeadOutput } from '@cf/core';
import type { MicroBatch } from './network-state.ts';

/** A network whose two ways are called one after the other. */
export interface TwoWays {
  /** [B, channels, height, width] → [B, d]. */
  forward(images: Float32Array, shape: readonly number[], step: number): Promise<Float32Array>;
  /** ∂loss/∂embeddings of the last forward: [B, d]. */
  backward(gradient: Float32Array): Promise<void>;
}

/** Forward, any backend's head, and back. */
export async function learnInTwoPasses(
  network: TwoWays,
  { images, shape, step, share, target }: MicroBatch,
  head: Head,
): Promise<HeadOutput> {
  const embeddings = await network.forward(images, shape, step);
  const output = await head.step({ ...target, embeddings, dim: embeddings.length / target.labels.length });
  await network.backward(Float32Array.from(output.gradEmbeddings, (value) => share * value));
  return output;
}
