import { type Node, traceFormula } from '@cf/core';
import type { LearnerOptimiser } from '@cf/training';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { formulaNodes } from '../formula/formula-nodes.ts';
import type { Model } from '../model/model.ts';
import type { Parameter } from '../passes/training-form/parameters.ts';
import { clipFactor, globalNorm } from './global-norm.ts';
import { GRADIENT_NORM, gradientOf, LEARNING_RATE, nextOf, STEP } from './names.ts';

/** An optimiser as a model. */
export interface OptimiserGraph {
  /**
   * Takes parameters by their names, gradients as `grad/<name>`, state as listed, `learning_rate` and, if the rule reads
   * it, `step` (1 in the first update), both float32 scalars. Computes `next/<name>` of every parameter and part of the
   * state, and `gradient_norm`, before clipping.
   */
  readonly model: Model;
  /** The state's inputs, with the parameter that each is shaped like; all start at 0. */
  readonly state: readonly { readonly name: string; readonly dims: readonly number[] }[];
  /** Whether the model takes `step`. */
  readonly takesStep: boolean;
}

/**
 * The graph of one update of all parameters at once: the optimiser's rule, read as nodes.
 *
 * @throws OnnxGraphError if two parameters have the same name
 */
export function optimiserGraph(
  parameters: readonly Parameter[],
  optimiser: LearnerOptimiser,
): OptimiserGraph {
  const { rule, clipNorm } = optimiser;
  const builder = new GraphBuilder({ name: 'optimiser' });
  const input = ({ name, dims }: OptimiserGraph['state'][number]): string =>
    builder.input(name, 'float32', dims);
  const state = parameters.flatMap(({ name, dims }) =>
    rule.state.map((part) => ({ name: stateOf(part, name), dims })),
  );
  input({ name: LEARNING_RATE, dims: [] });
  const moving = [...parameters, ...state].map(input);
  const gradients = parameters.map(({ name, dims }) => input({ name: gradientOf(name), dims }));
  const norm = globalNorm(builder, gradients);
  const factor = clipNorm === undefined ? undefined : clipFactor(builder, norm, clipNorm);
  const clipped = gradients.map((gradient) =>
    factor === undefined ? gradient : builder.op('Mul', [gradient, factor]),
  );
  // One formula for all parameters: what they share, such as corrections of AdamW, is computed once.
  const names = [LEARNING_RATE, STEP, ...moving, ...clipped];
  const formula = traceFormula(names, (ops, nodes) => {
    const outputs: Record<string, Node> = {};
    for (const [i, parameter] of parameters.entries()) {
      const { weightDecay, learningRateScale } = optimiser.settingsOf(parameter);
      const rate = nodes[LEARNING_RATE]!;
      const own = (part: string): string => stateOf(part, parameter.name);
      const after = rule.update(ops, {
        weight: nodes[parameter.name]!,
        gradient: nodes[clipped[i]!]!,
        state: Object.fromEntries(rule.state.map((part) => [part, nodes[own(part)]!])),
        learningRate: learningRateScale === 1 ? rate : ops.mul(rate, ops.constant(learningRateScale)),
        weightDecay,
        updateNumber: nodes[STEP]!,
      });
      outputs[parameter.name] = after.weight;
      for (const part of rule.state) outputs[own(part)] = after.state[part]!;
    }
    return outputs;
  });
  const takesStep = formula.steps.some((step) => step.op === 'input' && step.name === STEP);
  if (takesStep) input({ name: STEP, dims: [] });
  const inputs = Object.fromEntries(names.map((name) => [name, name]));
  const results = formulaNodes(builder, formula, inputs, moving);
  for (const { name, dims } of [...parameters, ...state]) {
    const result = results[name]!;
    if (!('value' in result)) throw new Error(`${rule.name}: the update of '${name}' is a constant`);
    builder.op('Identity', [result.value], {}, { outputs: [nextOf(name)] });
    builder.output(nextOf(name), 'float32', dims);
  }
  builder.op('Identity', [norm], {}, { outputs: [GRADIENT_NORM] });
  builder.output(GRADIENT_NORM, 'float32', []);
  return { model: builder.build(), state, takesStep };
}

/** Name of the input with a rule's number of a parameter. */
function stateOf(part: string, parameter: string): string {
  return `${part}/${parameter}`;
}
