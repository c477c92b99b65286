/** Name of the input with η. */
export const LEARNING_RATE = 'learning_rate';
/** Name of the input with the number of this update, from 1. */
export const STEP = 'step';
/** Name of the output with ‖g‖. */
export const GRADIENT_NORM = 'gradient_norm';

/** Name of the output that takes the place of an input in the next update. */
export function nextOf(input: string): string {
  return `next/${input}`;
}

/** Name of the input with a parameter's gradient. */
export function gradientOf(name: string): string {
  return `grad/${name}`;
}
