import { CfError, firstLine } from '@cf/core';
import { OnnxGraphError } from '../../errors.ts';

/** Runs a network: values of `count` samples, [count, …sample], in; their embeddings, [count, d], out. */
export type Embed = (values: Float32Array, count: number) => Promise<Float32Array>;

/** How far an embedding beside others may be from what it is alone, by its largest number. */
const TOLERANCE = 1e-4;

/**
 * Checks that a network embeds each sample by itself: two samples together as each of them alone, so that a batch that
 * was freed, or declared free, is free indeed.
 *
 * @param size numbers of a sample
 * @throws OnnxGraphError if it fails on two samples, or embeds one otherwise beside another
 */
export async function requireSeparateSamples(embed: Embed, size: number): Promise<void> {
  const values = Float32Array.from({ length: 2 * size }, (_, i) => (i * i * 7 + (i >= size ? 91 : 0)) % 256);
  const alone = [await embed(values.slice(0, size), 1), await embed(values.slice(size), 1)];
  const dim = alone[0]!.length;
  const together = await embed(values, 2).catch((cause: unknown) => {
    throw notOfTwo(`a network that fails on two samples at once (${reasonOf(cause)})`, cause);
  });
  if (together.length !== 2 * dim)
    throw notOfTwo(`a network that gives ${together.length} numbers for two samples and ${dim} for one`);
  for (const [sample, own] of alone.entries()) {
    const beside = together.subarray(sample * dim, (sample + 1) * dim);
    const largest = own.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (own.every((x, i) => Math.abs(x - beside[i]!) <= TOLERANCE * largest)) continue;
    throw new OnnxGraphError(
      'a network that embeds a sample otherwise when another is beside it',
      'one in which every sample is embedded by itself',
      'export it in inference mode, with a free first dimension of input and output.',
    );
  }
}

function notOfTwo(given: string, cause?: unknown): OnnxGraphError {
  const fix = 'export it with a free first dimension of input and output.';
  return new OnnxGraphError(given, 'one of any number of samples', fix, cause);
}

function reasonOf(cause: unknown): string {
  if (cause instanceof CfError) return cause.given;
  return firstLine(cause);
}
