import { ofFirst, type Rules } from '../../rule.ts';

/** y = x in inference; in training kept elements times 1 / (1 − ratio), where the mask says kept. */
export const dropout: Rules = {
  Dropout: ofFirst((call) => {
    const { graph, dy, x, node } = call;
    if (!call.has(2)) return dy;
    const one = graph.scalar(1, x);
    const ratio = call.has(1) ? graph.cast(call.input(1), x) : graph.scalar(0.5, x);
    const kept = graph.op('Div', [one, graph.op('Sub', [one, ratio])]);
    const factor = graph.op('Where', [call.input(2), kept, one]);
    return graph.op('Where', [node.output[1]!, graph.op('Mul', [dy, factor]), graph.scalar(0, x)]);
  }, 2),
};
