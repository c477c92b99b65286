/** What computes a network's training on the processor. */
export const KERNEL_CHOICES = ['auto', 'onednn', 'onnxruntime'] as const;

export type KernelChoice = (typeof KERNEL_CHOICES)[number];
