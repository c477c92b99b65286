import type { Activations, LowMemory } from '@cf/onnx';

/** What training takes memory for: `low` computes activations again instead of keeping them. */
export const MEMORY_CHOICES = ['normal', 'low'] as const;

export type MemoryChoice = (typeof MEMORY_CHOICES)[number];

/** What a session keeps for the way back. */
export function activationsOf(memory: MemoryChoice): Activations {
  return memory === 'low' ? 'checkpointed' : 'saved';
}

/** What kernels compute a batch in, where they know it beforehand. */
export interface KernelMemory {
  readonly kernels: string;
  readonly savedBytes: number;
  readonly checkpointedBytes: number;
}

/** What low memory gives and costs on the graphs of onnxruntime: a line. */
export function lowMemoryText(low: LowMemory, batch: number): string {
  const more = `${(100 * low.repeatedShare).toFixed(0)} %`;
  return `memory low: about ${lessText(low)} at batches of ${batch}, for about ${more} more operations (estimated; ${MEASURED})`;
}

/** What low memory gives and costs on kernels: a line. */
export function lowMemoryOfKernelsText(low: KernelMemory, batch: number): string {
  return `memory low: ${lessText(low)} at batches of ${batch}; ${low.kernels} computes normalised and activated values again, and repeats no convolution (${MEASURED})`;
}

const MEASURED = 'cf bench backbone --memory low measures both';

function lessText({ savedBytes, checkpointedBytes }: Omit<KernelMemory, 'kernels'>): string {
  return `${sizeText(savedBytes - checkpointedBytes)} less of ${sizeText(savedBytes)}`;
}

function sizeText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
