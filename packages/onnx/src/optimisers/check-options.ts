import { requireChoice, requirePositive, requireRange, UnknownNameError } from '@cf/core';
import { type OptimiserOptions, PARAMETER_KINDS, type ParameterGroup } from './options.ts';

/** Largest float32 below 1. */
const BELOW_ONE = 1 - 2 ** -24;

/**
 * Checks hyper-parameters before anything is built.
 *
 * @throws OptionOutOfRangeError naming the first option out of its range
 * @throws UnknownNameError if there is no such optimiser
 */
export function checkOptimiserOptions(options: OptimiserOptions): void {
  checkDecay('weightDecay', options.weightDecay);
  if (options.clipNorm !== undefined) requirePositive('clipNorm', options.clipNorm);
  options.groups?.forEach(checkGroup);
  switch (options.name) {
    case 'sgd':
      requireRange('momentum', options.momentum ?? 0, 0, BELOW_ONE);
      if (options.nesterov === true)
        requireRange('momentum', options.momentum ?? 0, 0, 1, 'exclusive lower bound');
      return;
    case 'adamw':
      requireRange('beta1', options.beta1 ?? 0.9, 0, BELOW_ONE);
      requireRange('beta2', options.beta2 ?? 0.999, 0, BELOW_ONE);
      requirePositive('epsilon', options.epsilon ?? 1e-8);
      return;
    default:
      throw new UnknownNameError('optimiser', String((options as { name?: unknown }).name), ['sgd', 'adamw']);
  }
}

function checkGroup(group: ParameterGroup, i: number): void {
  checkDecay(`groups[${i}].weightDecay`, group.weightDecay);
  requireRange(`groups[${i}].learningRateScale`, group.learningRateScale ?? 1, 0, Number.MAX_VALUE);
  for (const kind of group.kinds ?? []) requireChoice(`groups[${i}].kinds`, kind, PARAMETER_KINDS);
}

function checkDecay(option: string, value: number | undefined): void {
  requireRange(option, value ?? 0, 0, Number.MAX_VALUE);
}
