import { floatAttribute, intAttribute } from '../../../model/attributes.ts';
import { ARG } from '../api.ts';
import type { Layer, LayerRule } from '../layer.ts';
import type { Value } from '../storage.ts';
import { channelMeans, channelSums } from './channel-sums.ts';

/** BatchNormalization by the statistics of the batch, or by fixed ones. */
export const batchNormalization: LayerRule = {
  refusal: ({ node, isConstant }) =>
    isTraining(node) || [1, 2, 3, 4].every(isConstant) ? undefined : 'constants where statistics are fixed',
  write: (layer) => {
    if (isTraining(layer.node)) writeOfBatch(layer, false);
    else writeFixed(layer);
  },
};

/** BatchNormalization by the statistics of the batch and the ReLU that alone reads it, as one primitive. */
export const normalizationWithRelu: LayerRule = { write: (layer) => writeOfBatch(layer, true) };

export function isTraining(node: Layer['node']): boolean {
  return intAttribute(node, 'training_mode', 0) === 1;
}

function writeOfBatch(layer: Layer, hasRelu: boolean): void {
  const { api, program, node } = layer;
  const x = layer.input(0);
  const [scale, shift] = [program.rowMajor(layer.input(1)), program.rowMajor(layer.input(2))];
  const how = { layout: x.layout, epsilon: floatAttribute(node, 'epsilon', 1e-5), hasRelu };
  const forward = api.normalization(how);
  const channels = x.dims[1]!;
  const perChannel = api.layoutOf(forward, ARG.mean)!;
  const [mean, variance] = [program.value(perChannel, [channels]), program.value(perChannel, [channels])];
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
  program.recipe(y, () => {
    const result = program.value(x.layout, x.dims);
    program.run(api.fixedNormalization(how), [
      [ARG.source, program.again(x)],
      [ARG.scale, scale],
      [ARG.shift, shift],
      [ARG.mean, mean],
      [ARG.variance, variance],
      [ARG.destination, result],
    ]);
    return result;
  });
  const count = x.dims.reduce((a, b) => a * b, 1) / channels;
  layer.statistics({ mean, variance, channels, count });
  layer.onBackward((gradient) => {
    const dy = program.as(gradient, x.layout);
    // With ReLU behind it the gradient of its own result is nowhere.
    const isPicture = x.dims.length > 2;
    const exactShift = hasRelu || !isPicture ? undefined : channelSums(layer, dy);
    const dx = program.value(x.layout, x.dims);
    const [scaleGradient, shiftGradient] = [
      program.value(perChannel, [channels]),
      program.value(perChannel, [channels]),
    ];
    program.run(
      api.normalizationGradient(how, forward),
      [
        [ARG.source, program.again(x)],
        [ARG.scale, scale],
        [ARG.shift, api.takesShiftBack ? shift : undefined],
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
    layer.gradient(0, isPicture ? withoutMeans(layer, dx) : dx);
    layer.gradient(1, scaleGradient);
    layer.gradient(2, exactShift ?? shiftGradient);
  });
}

/**
 * ∂x sums to 0 in every channel. What rounding leaves of the sum is alike at all positions, and the layers before add it
 * up again, so it is taken away.
 */
function withoutMeans(layer: Layer, dx: Value): Value {
  return layer.program.combined('sub', dx, channelMeans(layer, dx), true);
}

/** y = slope · x + offset with slope = scale / √(variance + ε), one a channel; ∂x = slope · ∂y. */
function writeFixed(layer: Layer): void {
  const { program, node } = layer;
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map(
    (index) => layer.constant(index)!.data as Float32Array,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const slopes = Array.from(scale, (value, i) => value / Math.sqrt(variance[i]! + epsilon));
  const x = layer.input(0);
  const dims = x.dims.map((_, axis) => (axis === 1 ? scale.length : 1));
  const slope = layer.fixed(dims, Float32Array.from(slopes));
  const offset = layer.fixed(
    dims,
    Float32Array.from(slopes, (value, i) => shift[i]! - value * mean[i]!),
  );
  const scaled = program.combined('mul', x, slope);
  layer.output(program.combined('add', scaled, offset, true));
  layer.onBackward((gradient) => {
    const dy = program.as(gradient, x.layout);
    layer.gradient(0, program.combined('mul', dy, slope));
  });
}
