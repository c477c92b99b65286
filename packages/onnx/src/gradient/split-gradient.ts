import { type OptionNames, requireKnownOptions } from '@cf/core';
import { graphOf, type Model } from '../model/model.ts';
import { upgradeModel } from '../upgrade/upgrade-model.ts';
import { type GradientOptions, gradient } from './gradient.ts';
import { checkpoints } from './split/checkpoints.ts';
import { partOfModel } from './split/part-of-model.ts';
import { isCheap, isDeterministic } from './split/recomputation.ts';
import { layerByLayer } from './split/run-order.ts';
import { type JointGraph, savedValues } from './split/saved-values.ts';
import { withPReluWrittenOut } from './split/written-out.ts';

/** What to differentiate, and what to keep for the way back. */
export interface SplitGradientOptions extends GradientOptions {
  /** Name of the way back's input for the gradient of `of`. */
  readonly seed: string;
  /**
   * `'saved'` (the default) hands activations over, but those that are cheap to compute from others: few bytes,
   * hardly any work twice. `'checkpointed'` hands over what crosses at a few places of the network, about the square
   * root of its depth, and the way back does the way there once more, stretch by stretch: far fewer bytes at once.
   *
   * Either way, what a random node gave (a Dropout in training, with a `seed` attribute or without) is handed over
   * and never drawn twice.
   */
  readonly activations?: Activations;
}

/** What is kept for the way back. */
export type Activations = (typeof ACTIVATIONS)[number];
export const ACTIVATIONS = ['saved', 'checkpointed'] as const;

/** The way there and the way back, as two models. */
export interface SplitGradient {
  /** Takes the model's inputs; computes its outputs, then `saved`. */
  readonly forward: Model;
  /** Takes the seed, `saved`, and those of the model's inputs that it reads; computes the gradients. */
  readonly backward: Model;
  /** Names of what `forward` hands over to `backward`; an output of the model may be among them. */
  readonly saved: readonly string[];
  /** Name of the output of `backward` with the gradient, by what it is taken with respect to. */
  readonly gradients: ReadonlyMap<string, string>;
}

const OPTIONS: OptionNames<SplitGradientOptions> = { seed: true, activations: true, of: true, wrt: true };

/**
 * Reverse-mode differentiation as two models, between which the loss can be computed elsewhere: `forward` gives
 * the output, `backward` takes the gradient of it. Together they compute, node for node, what the one model of
 * `gradient` does; only PRelu is written with other operators, which give the same numbers sooner.
 *
 * @throws UnsupportedOperatorError (`E_ONNX_OPERATOR`) naming the node and operator that have no rule
 * @throws OnnxOpsetError (`E_ONNX_OPSET`) for an opset below 11 or a later one than is known
 * @throws OnnxGraphError (`E_ONNX_GRAPH`) as `gradient` does, or if the type of a value to be saved is not known
 */
export function splitGradient(model: Model, options: SplitGradientOptions): SplitGradient {
  requireKnownOptions('splitGradient', options, OPTIONS);
  const { activations = 'saved', ...differentiated } = options;
  const { seed } = differentiated;
  const upgraded = upgradeModel(model);
  const own = graphOf(upgraded);
  const { model: jointModel, gradients } = gradient(upgraded, differentiated);
  const joint: JointGraph = { model: jointModel, ownNodes: own.node.length, seed };
  const saved =
    activations === 'saved'
      ? savedValues(joint, isCheap)
      : [...new Set([...savedValues(joint, isDeterministic), ...checkpoints(joint)])];
  const outputs = own.output.map(({ name }) => name);
  const withoutSeed = graphOf(jointModel).input.filter(({ name }) => name !== seed);
  const forward = withPReluWrittenOut(
    partOfModel(jointModel, {
      outputs: [...outputs, ...saved.filter((name) => !outputs.includes(name))],
      inputs: withoutSeed.map(({ name }) => name),
      given: [],
    }),
  );
  const backward = layerByLayer(
    withPReluWrittenOut(
      partOfModel(jointModel, {
        outputs: [...gradients.values()],
        given: [seed, ...saved],
      }),
    ),
    seed,
  );
  return { forward, backward, saved, gradients };
}
