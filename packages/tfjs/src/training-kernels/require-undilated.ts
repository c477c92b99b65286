import { unsupported } from './errors.ts';
import type { ConvAttributes } from './geometry.ts';

/**
 * TensorFlow.js differentiates no dilated convolution on any backend, so no kernel of a gradient meets one but by hand.
 *
 * @throws BackendError (`E_BACKEND`) if a dilation is above 1
 */
export function requireUndilated(kernel: string, { dilations = 1 }: ConvAttributes): void {
  if ([dilations].flat().some((rate) => rate !== 1))
    throw unsupported(kernel, `dilations ${dilations}`, 'dilations 1');
}
