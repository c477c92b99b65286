import {
  type OptionNames,
  requireChoice,
  requireKnownOptions,
  requirePositive,
  requireRange,
} from '@cf/core';
import type { OptimiserRule } from './optimiser-rule.ts';
import { PARAMETER_KINDS, type ParameterGroup, type ParameterKind } from './parameter-groups.ts';

/** How a learner moves its parameters. */
export interface LearnerOptimiserOptions {
  readonly rule: OptimiserRule;
  /** λ; 0 by default. */
  readonly weightDecay?: number;
  readonly groups?: readonly ParameterGroup[];
  /** Gradients longer than this (Euclidean norm over all parameters of the learner) are scaled down to it; off by default. */
  readonly clipNorm?: number;
}

/** What the update of one parameter is told. */
export interface ParameterSettings {
  /** λ. */
  readonly weightDecay: number;
  /** What η of the step is multiplied by. */
  readonly learningRateScale: number;
}

/** An optimiser as it is handed to a learner: a rule, and what holds for which parameter. */
export interface LearnerOptimiser {
  readonly rule: OptimiserRule;
  readonly clipNorm: number | undefined;
  /** What holds for a parameter: the first group that takes it, or else the optimiser's own settings. */
  settingsOf(parameter: { readonly name: string; readonly kind: ParameterKind }): ParameterSettings;
}

const OPTIONS: OptionNames<LearnerOptimiserOptions> = {
  rule: true,
  weightDecay: true,
  groups: true,
  clipNorm: true,
};

const GROUP: OptionNames<ParameterGroup> = {
  kinds: true,
  prefixes: true,
  weightDecay: true,
  learningRateScale: true,
};

/**
 * Checks the settings of a learner's optimiser, and puts them together.
 *
 * @throws OptionOutOfRangeError naming the first setting out of its range; UnknownNameError for an unknown option, with the nearest name
 */
export function learnerOptimiser(options: LearnerOptimiserOptions): LearnerOptimiser {
  requireKnownOptions('learnerOptimiser', options, OPTIONS);
  const { rule, weightDecay = 0, groups = [], clipNorm } = options;
  checkDecay('weightDecay', weightDecay);
  if (clipNorm !== undefined) requirePositive('clipNorm', clipNorm);
  groups.forEach(checkGroup);
  return {
    rule,
    clipNorm,
    settingsOf({ name, kind }) {
      const group = groups.find(
        ({ kinds, prefixes }) =>
          (kinds === undefined || kinds.includes(kind)) &&
          (prefixes === undefined || prefixes.some((prefix) => name.startsWith(prefix))),
      );
      return {
        weightDecay: group?.weightDecay ?? weightDecay,
        learningRateScale: group?.learningRateScale ?? 1,
      };
    },
  };
}

function checkGroup(group: ParameterGroup, i: number): void {
  requireKnownOptions(`groups[${i}]`, group, GROUP);
  checkDecay(`groups[${i}].weightDecay`, group.weightDecay);
  requireRange(`groups[${i}].learningRateScale`, group.learningRateScale ?? 1, 0, Number.MAX_VALUE);
  for (const kind of group.kinds ?? []) requireChoice(`groups[${i}].kinds`, kind, PARAMETER_KINDS);
}

function checkDecay(option: string, value = 0): void {
  requireRange(option, value, 0, Number.MAX_VALUE);
}
