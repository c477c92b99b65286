import type { TrainingSessionOptions } from '@cf/onnx';

/** What training takes memory for: `low` computes activations again instead of keeping them. */
export const MEMORY_CHOICES = ['normal', 'low'] as const;

export type MemoryChoice = (typeof MEMORY_CHOICES)[number];

/** What a session keeps for the way back. */
export function activationsOf(memory: MemoryChoice): NonNullable<TrainingSessionOptions['activations']> {
  return memory === 'low' ? 'checkpointed' : 'saved';
}
