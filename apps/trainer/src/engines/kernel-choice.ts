import { UsageError } from '../errors.ts';

/** What computes a network's training on the processor. */
export const KERNEL_CHOICES = ['auto', 'onednn', 'onnxruntime'] as const;

export type KernelChoice = (typeof KERNEL_CHOICES)[number];

/** oneDNN computes on the processor alone. @throws UsageError where it is named beside another device */
export function requireProcessor(choice: KernelChoice | undefined, device: string): void {
  if (choice !== 'onednn' || device === 'cpu') return;
  throw new UsageError(
    `--kernels onednn with --device ${device}`,
    'oneDNN, which computes on the processor',
    'leave one of them out.',
  );
}
