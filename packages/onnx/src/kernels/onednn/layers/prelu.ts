import { sizeOf } from '../../../model/dims.ts';
import { ARG } from '../api.ts';
import type { LayerRule } from '../layer.ts';
import type { Value } from '../storage.ts';

/** PRelu with one slope a channel, or one for all. */
export const prelu: LayerRule = {
  refusal: ({ rank, sizes }) => {
    const [axes, slopes] = [rank(0), sizes(1)];
    if (axes === undefined || slopes === undefined) return 'an input and slopes of known rank';
    return slopes.every((size, axis) => size === 1 || axis === slopes.length - axes + 1)
      ? undefined
      : 'one slope a channel, or one for all';
  },
  write: (layer) => {
    const { api, program } = layer;
    const x = layer.input(0);
    const given = layer.dims(1);
    const count = sizeOf(given);
    const dims = x.dims.map((_, axis) => (axis === 1 ? count : 1));
    const forward = api.prelu(x.layout, api.any(dims));
    const slopes = program.as(
      program.view(program.rowMajor(layer.input(1)), dims),
      api.layoutOf(forward, ARG.weights)!,
    );
    const y = program.value(x.layout, x.dims);
    const write = (source: Value, result: Value): Value => {
      program.run(forward, [
        [ARG.source, source],
        [ARG.weights, slopes],
        [ARG.destination, result],
      ]);
      return result;
    };
    layer.output(write(x, y));
    program.recipe(y, () => write(program.again(x), program.value(x.layout, x.dims)));
    layer.onBackward((gradient) => {
      const backward = api.preluGradient(x.layout, api.any(dims), forward);
      const dy = program.as(gradient, x.layout);
      const dx = program.value(x.layout, x.dims);
      const slopeGradient = program.value(api.layoutOf(backward, ARG.weightsGradient)!, dims);
      program.run(
        backward,
        [
          [ARG.source, program.again(x)],
          [ARG.weights, program.as(slopes, api.layoutOf(backward, ARG.weights)!)],
          [ARG.destinationGradient, dy],
          [ARG.sourceGradient, dx],
          [ARG.weightsGradient, slopeGradient],
        ],
        [dy, dx],
      );
      if (layer.flowsTo(0)) layer.gradient(0, dx);
      if (layer.flowsTo(1)) layer.gradient(1, slopeGradient);
    });
  },
};
