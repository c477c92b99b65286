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

interface CommonOptions {
  /** λ; 0 by default. */
  readonly weightDecay?: number;
  readonly groups?: readonly ParameterGroup[];
  /** Gradients longer than this (Euclidean norm over all parameters) are scaled down to it; off by default. */
  readonly clipNorm?: number;
}

/** Stochastic gradient descent, with the meaning and the defaults of `torch.optim.SGD`. */
export interface SgdOptions extends CommonOptions {
  readonly name: 'sgd';
  /** μ, 0 ≤ μ < 1; 0 by default. */
  readonly momentum?: number;
  /** Look ahead along the new velocity; false by default. */
  readonly nesterov?: boolean;
  /** Shrink the weights by η·λ (SGDW) instead of adding λ·w to the gradient; false by default. */
  readonly decoupledDecay?: boolean;
}

/** Adam with decoupled weight decay, with the meaning of `torch.optim.AdamW`. */
export interface AdamWOptions extends CommonOptions {
  readonly name: 'adamw';
  /** β₁, 0 ≤ β₁ < 1; 0.9 by default. */
  readonly beta1?: number;
  /** β₂, 0 ≤ β₂ < 1; 0.999 by default. */
  readonly beta2?: number;
  /** ε, beside the root of the second moment; 1e-8 by default. */
  readonly epsilon?: number;
}

/** An optimiser and its hyper-parameters; plain data, as a configuration file has it. */
export type OptimiserOptions = SgdOptions | AdamWOptions;

/** The usual exception from weight decay: normalisations, biases and PRelu's slopes. */
export const NO_DECAY_ON_NORM_AND_BIAS: ParameterGroup = { kinds: ['norm', 'bias', 'slope'], weightDecay: 0 };
