/** What a parameter is to the layer that it belongs to. */
export type ParameterKind = 'weight' | 'bias' | 'norm' | 'slope';

/** Every kind: matrices and kernels; what is added; scale and shift of a normalisation; slopes of PRelu. */
export const PARAMETER_KINDS: readonly ParameterKind[] = ['weight', 'bias', 'norm', 'slope'];

/** Where some parameters differ from the rest. A parameter belongs to the first group that takes it. */
export interface ParameterGroup {
  /** Kinds that the group takes; all by default. */
  readonly kinds?: readonly ParameterKind[];
  /** Starts of the names that the group takes, as `layer4.`; all by default. */
  readonly prefixes?: readonly string[];
  /** λ of the group; that of the optimiser by default. */
  readonly weightDecay?: number;
  /** The group's learning rate as a multiple of the step's; 1 by default. */
  readonly learningRateScale?: number;
}

/** The usual exception from weight decay: normalisations, biases and PRelu's slopes. */
export const NO_DECAY_ON_NORM_AND_BIAS: ParameterGroup = { kinds: ['norm', 'bias', 'slope'], weightDecay: 0 };
