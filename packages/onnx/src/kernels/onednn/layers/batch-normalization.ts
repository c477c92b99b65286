import { floatAttribute, intAttribute } from '../../../model/attributes.ts';
import { ARG } from '../api.ts';
import type { Layer, LayerRule } from '../layer.ts';

/** BatchNormalization by the statistics of the batch, or by fixed ones; with ReLU behind it in one primitive. */
export function batchNormalization(hasRelu: boolean): LayerRule {
  return {
    refusal: ({ node, flowsTo }) =>
      !isTraining(node) && [1, 2, 3, 4].some(flowsTo)
        ? 'scale and shift that stay where statistics do'
        : undefined,
    write: (layer) => {
      const { api, program, node } = layer;
      const x = layer.input(0);
      const [scale, shift] = [layer.input(1), layer.input(2)];
      const inTraining = isTraining(node);
      const how = {
        layout: x.layout,
        epsilon: floatAttribute(node, 'epsilon', 1e-5),
        hasFixedStatistics: !inTraining,
        hasRelu,
      };
      const forward = api.normalization(how);
      const channels = x.dims[1]!;
      const perChannel = api.layoutOf(forward, ARG.mean)!;
      const [mean, variance] = inTraining
        ? [program.value(perChannel, [channels]), program.value(perChannel, [channels])]
        : [layer.input(3), layer.input(4)];
      const marks = api.layoutOf(forward, ARG.workspace);
      const workspace = marks && program.value(marks, []);
      const y = program.value(x.layout, x.dims);
      program.run(forward, [
        [ARG.source, x],
        [ARG.scale, scale],
        [ARG.shift, shift],
        [ARG.mean, mean],
        [ARG.variance, variance],
        [ARG.workspace, workspace],
        [ARG.destination, y],
      ]);
      layer.output(y);
      if (inTraining) {
        const count = x.dims.reduce((a, b) => a * b, 1) / channels;
        layer.statistics({ mean, variance, channels, count });
      }
      layer.onBackward((gradient) => {
        const backward = api.normalizationGradient(how, forward);
        const dy = program.as(gradient, x.layout);
        const dx = program.value(x.layout, x.dims);
        const own = (): ReturnType<Layer['input']> | undefined =>
          inTraining ? program.value(perChannel, [channels]) : undefined;
        const [scaleGradient, shiftGradient] = [own(), own()];
        program.run(
          backward,
          [
            [ARG.source, x],
            [ARG.scale, scale],
            [ARG.shift, shift],
            [ARG.mean, mean],
            [ARG.variance, variance],
            [ARG.workspace, workspace],
            [ARG.destinationGradient, dy],
            [ARG.sourceGradient, dx],
            [ARG.scaleGradient, scaleGradient],
            [ARG.shiftGradient, shiftGradient],
          ],
          [dy, dx],
        );
        if (layer.flowsTo(0)) layer.gradient(0, dx);
        if (scaleGradient !== undefined && layer.flowsTo(1)) layer.gradient(1, scaleGradient);
        if (shiftGradient !== undefined && layer.flowsTo(2)) layer.gradient(2, shiftGradient);
      });
    },
  };
}

function isTraining(node: Layer['node']): boolean {
  return intAttribute(node, 'training_mode', 0) === 1;
}
