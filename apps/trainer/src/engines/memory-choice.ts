import type { Activations, LowMemory } from '@cf/onnx';

/** What training takes memory for: `low` computes activations again instead of keeping them. */
export const MEMORY_CHOICES = ['normal', 'low'] as const;

export type MemoryChoice = (typeof MEMORY_CHOICES)[number];

/** What a session keeps for the way back. */
export function activationsOf(memory: MemoryChoice): Activations {
  return memory === 'low' ? 'checkpointed' : 'saved';
}

/**
 * What low memory gives and costs: a line.
 *
 * @param kernels what computes the training; the graphs of onnxruntime alone are estimated
 */
export function lowMemoryText(low: LowMemory, batch: number, kernels: string): string {
  const measured = 'cf bench backbone --memory low measures both';
  if (kernels !== 'onnxruntime')
    return `memory low: ${kernels} computes normalised and activated values again, and repeats no convolution; ${measured}`;
  const size = (bytes: number): string =>
    bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
  const less = size(low.savedBytes - low.checkpointedBytes);
  const more = `${(100 * low.repeatedShare).toFixed(0)} %`;
  return `memory low: about ${less} less of ${size(low.savedBytes)} at batches of ${batch}, for about ${more} more operations (estimated; ${measured})`;
}
