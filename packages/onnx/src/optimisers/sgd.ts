import type { SgdOptions } from './options.ts';
import type { ParameterUpdate, UpdateGraph } from './update-graph.ts';

/** Names of the state's parts, each of which a parameter has one. */
export function sgdState({ momentum = 0 }: SgdOptions): readonly string[] {
  return momentum === 0 ? [] : ['momentum'];
}

/**
 * g ← g + λ·w; v ← μ·v + g, from v = 0; w ← w − η·v, or w − η·(g + μ·v) with Nesterov's momentum (Sutskever et al.
 * 2013, as PyTorch writes it). With decoupled decay w ← (1 − η·λ)·w first, and g stays (SGDW, Loshchilov and
 * Hutter 2019).
 */
export function addSgdUpdate(graph: UpdateGraph, update: ParameterUpdate, options: SgdOptions): void {
  const { momentum = 0, nesterov = false, decoupledDecay = false } = options;
  const { parameter, weightDecay, learningRate } = update;
  let { weight, gradient } = update;
  if (weightDecay !== 0 && decoupledDecay) weight = decayed(graph, update);
  else if (weightDecay !== 0) gradient = graph.op('Add', gradient, graph.scaled(weight, weightDecay));
  let direction = gradient;
  if (momentum !== 0) {
    const name = graph.inputLike(parameter, `momentum/${parameter.name}`);
    const velocity = graph.op('Add', graph.scaled(name, momentum), gradient);
    graph.next(parameter, name, velocity);
    direction = nesterov ? graph.op('Add', gradient, graph.scaled(velocity, momentum)) : velocity;
  }
  graph.next(parameter, update.weight, graph.op('Sub', weight, graph.op('Mul', direction, learningRate)));
}

/** (1 − η·λ)·w. */
export function decayed(graph: UpdateGraph, { weight, weightDecay, learningRate }: ParameterUpdate): string {
  const factor = graph.once(`decay ${learningRate} ${weightDecay}`, () =>
    graph.op('Sub', graph.scalar(1), graph.scaled(learningRate, weightDecay)),
  );
  return graph.op('Mul', weight, factor);
}
