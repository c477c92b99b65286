/** Hyper-parameters of one SGD step. */
export interface SgdOptions {
  readonly learningRate: number;
  /** μ, 0 ≤ μ < 1. */
  readonly momentum: number;
  /** Coupled: added to the gradient as weightDecay·w. */
  readonly weightDecay: number;
}

/**
 * One step of SGD with momentum, in place: v ← μ·v + (g + λ·w), w ← w − η·v.
 *
 * @param velocity v, one number a parameter, zero before the first step.
 */
export function sgdStep(
  parameters: Float32Array | Float64Array,
  gradients: ArrayLike<number>,
  velocity: Float32Array | Float64Array,
  { learningRate, momentum, weightDecay }: SgdOptions,
): void {
  for (let i = 0; i < parameters.length; i++) {
    velocity[i] = momentum * velocity[i]! + gradients[i]! + weightDecay * parameters[i]!;
    parameters[i]! -= learningRate * velocity[i]!;
  }
}
