import type { Communicator } from '@cf/core';
import { floatAttribute, intAttribute } from '../../../model/attributes.ts';
import { sizeOf } from '../../../model/dims.ts';
import { ARG } from '../api.ts';
import type { Layer, LayerRule } from '../layer.ts';
import type { Value } from '../storage.ts';
import { channelMeans, channelSums } from './channel-sums.ts';
import { meetMeans, meetStatistics } from './statistics-of-ranks.ts';

/** BatchNormalization by the statistics of the batch, or by fixed ones. */
export const batchNormalization: LayerRule = {
  refusal: ({ node, isConstant }) => {
    // Channels that fill up a block have a variance of 0.
    if (!(floatAttribute(node, 'epsilon', 1e-5) > 0)) return 'an epsilon above 0';
    return isTraining(node) || [1, 2, 3, 4].every(isConstant)
      ? undefined
      : 'constants where statistics are fixed';
  },
  write: (layer) => {
    if (isTraining(layer.node) && layer.ranks) writeOfRanks(layer, layer.ranks);
    else if (isTraining(layer.node)) writeOfBatch(layer, false);
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
  const forward = program.hint(api.normalization(how));
  const channels = x.dims[1]!;
  const perChannel = api.layoutOf(forward, ARG.mean)!;
  const marks = api.layoutOf(forward, ARG.workspace);
  const workspace = marks && program.value(marks, []);
  const y = program.value(x.layout, x.dims);
  const known = batchStatistics(layer, x, y);
  const own = (): Value => program.value(perChannel, [channels]);
  const { mean, variance } = known ?? { mean: own(), variance: own() };
  const write = (source: Value, result: Value, isFixed: boolean): Value => {
    program.run(isFixed ? api.fixedNormalization(how) : forward, [
      [ARG.source, source],
      [ARG.scale, scale],
      [ARG.shift, shift],
      [ARG.mean, mean],
      [ARG.variance, variance],
      [ARG.workspace, workspace],
      [ARG.destination, result],
    ]);
    return result;
  };
  layer.output(write(x, y, known !== undefined));
  program.recipe(y, () => write(program.again(x), program.value(x.layout, x.dims), true));
  const count = sizeOf(x.dims) / channels;
  layer.statistics({ mean, variance, channels, count: () => count });
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
 * By the statistics of the pictures of all ranks, which meet between these and the normalisation, and on the way back between
 * the sums of a channel and ∂x = scale / √(variance + ε) · (∂y − Σ∂y / n − x̂ · Σ(∂y·x̂) / n).
 */
function writeOfRanks(layer: Layer, ranks: Communicator): void {
  const { api, program, node } = layer;
  const x = layer.input(0);
  const channels = x.dims[1]!;
  const [scale, shift] = [program.rowMajor(layer.input(1)), program.rowMajor(layer.input(2))];
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const how = { layout: x.layout, epsilon, hasRelu: false };
  const forward = program.hint(api.normalization(how));
  const perChannel = api.layoutOf(forward, ARG.mean)!;
  const ofChannels = (): Value => program.value(perChannel, [channels]);
  const spare = program.value(x.layout, x.dims);
  const { mean, variance } = batchStatistics(layer, x, spare) ?? plainStatistics(layer, x, spare, ofChannels);
  const own = sizeOf(x.dims) / channels;
  let count = own;
  program.stop([mean, variance], async (running) => {
    const [means, variances] = [running.numbers(mean, channels), running.numbers(variance, channels)];
    count = await meetStatistics(ranks, { means, variances, count: own });
  });
  const normalised = (of: Value): Value => affine(layer, of, { scale, shift, mean, variance, epsilon });
  const y = normalised(x);
  layer.output(y);
  program.recipe(y, () => normalised(program.again(x)));
  layer.statistics({ mean, variance, channels, count: () => count });
  layer.onBackward((gradient) => {
    const dy = program.as(gradient, x.layout);
    const [scaleGradient, shiftSum] = [ofChannels(), ofChannels()];
    program.run(api.normalizationGradient(how, forward), [
      [ARG.source, program.again(x)],
      [ARG.scale, scale],
      [ARG.shift, api.takesShiftBack ? shift : undefined],
      [ARG.mean, mean],
      [ARG.variance, variance],
      [ARG.destinationGradient, dy],
      // Of this rank's pictures alone, so that nobody reads it.
      [ARG.sourceGradient, program.value(x.layout, x.dims)],
      [ARG.scaleGradient, scaleGradient],
      [ARG.shiftGradient, shiftSum],
    ]);
    const shiftGradient = x.dims.length > 2 ? channelSums(layer, dy) : shiftSum;
    const [along, alike] = [perChannelNumbers(layer, channels), perChannelNumbers(layer, channels)];
    program.stop([scaleGradient, shiftGradient], async (running) => {
      await meetMeans(ranks, count, [
        { sums: running.numbers(scaleGradient, channels), into: along.data },
        { sums: running.numbers(shiftGradient, channels), into: alike.data },
      ]);
    });
    const spread = { mean, variance, epsilon };
    const { value: none } = perChannelNumbers(layer, channels);
    const means = affine(layer, program.again(x), { scale: along.value, shift: alike.value, ...spread });
    const apart = program.combined('sub', dy, means);
    const dx = affine(layer, apart, { scale, shift: none, ...spread, mean: none }, true);
    layer.gradient(0, x.dims.length > 2 ? withoutMeansOfRanks(dx) : dx);
    layer.gradient(1, scaleGradient);
    layer.gradient(2, shiftGradient);
  });
  const withoutMeansOfRanks = (dx: Value): Value => {
    const means = channelMeans(layer, dx);
    const rest = perChannelNumbers(layer, channels);
    program.stop([means], async (running) => {
      const sums = running.numbers(means, channels).map((mean) => own * mean);
      await meetMeans(ranks, count, [{ sums, into: rest.data }]);
    });
    return without(layer, dx, rest.value);
  };
}

/** Numbers of the host, [C], that a program reads; zeros at first. */
function perChannelNumbers(
  layer: Layer,
  channels: number,
): { readonly data: Float32Array; readonly value: Value } {
  const data = new Float32Array(channels);
  return { data, value: layer.fixed([channels], data) };
}

/** Mean and variance of a channel, added up in one go. @param spare of the size of x, and written over */
function plainStatistics(
  { api, program }: Layer,
  x: Value,
  spare: Value,
  ofChannels: () => Value,
): { readonly mean: Value; readonly variance: Value } {
  const [mean, variance] = [ofChannels(), ofChannels()];
  program.run(api.statistics(x.layout), [
    [ARG.source, x],
    [ARG.mean, mean],
    [ARG.variance, variance],
    [ARG.destination, spare],
  ]);
  return { mean, variance };
}

/** Values of a channel up to which one float32 may add them up. */
const FEW = 4096;

/**
 * Mean and variance of a channel as those of its pictures, which are then put together: one float32 that adds up a hundred
 * thousand values loses two digits. `undefined` where there are few, or x does not lie so that it can be done.
 *
 * @param spare of the size of x, and written over
 */
function batchStatistics(
  { api, program }: Layer,
  x: Value,
  spare: Value,
): { readonly mean: Value; readonly variance: Value } | undefined {
  const [pictures, channels, ...spatial] = x.dims as readonly [number, number, ...number[]];
  const positions = sizeOf(spatial);
  if (pictures === 1 || pictures * positions <= FEW) return undefined;
  const [all, normalised] = [program.samplesAsChannels(x), program.samplesAsChannels(spare)];
  if (all === undefined || normalised === undefined) return undefined;
  const ofPictures = [pictures, channels];
  const [means, variances] = [1, 2].map(() => program.value(api.plain(ofPictures), ofPictures)) as [
    Value,
    Value,
  ];
  const each = [pictures * channels];
  program.run(api.statistics(all.layout), [
    [ARG.source, all],
    [ARG.mean, program.view(means, each)],
    [ARG.variance, program.view(variances, each)],
    [ARG.destination, normalised],
  ]);
  const averaged = (values: Value): Value => {
    const average = program.value(api.plain([1, channels]), [1, channels]);
    program.run(api.reduction('mean', values.layout, average.layout), [
      [ARG.source, values],
      [ARG.destination, average],
    ]);
    return average;
  };
  const mean = averaged(means);
  const apart = program.combined('sub', means, mean);
  const spread = program.combined('add', program.combined('mul', apart, apart), variances, true);
  return { mean: program.view(mean, [channels]), variance: program.view(averaged(spread), [channels]) };
}

/**
 * ∂x sums to 0 in every channel. What rounding leaves of the sum is alike at all positions, and the layers before add it
 * up again, so it is taken away.
 */
function withoutMeans(layer: Layer, dx: Value): Value {
  return without(layer, dx, layer.program.view(channelMeans(layer, dx), [dx.dims[1]!]));
}

/** x − mean, one of each a channel; written over x. */
function without(layer: Layer, x: Value, mean: Value): Value {
  const channels = x.dims[1]!;
  const [one, none] = [1, 0].map((value) =>
    layer.fixed([channels], new Float32Array(channels).fill(value)),
  ) as [Value, Value];
  // A normalisation by √(0 + 1): oneDNN's subtraction of a number a channel is a plain loop. A variance
  // of 1 with an ε of 0 would be 0 / 0 in the channels that fill up a block, and the layers before it read these.
  return affine(layer, x, { scale: one, shift: none, mean, variance: none, epsilon: 1 }, true);
}

/** By fixed statistics: y = scale · (x − mean) / √(variance + ε) + shift, and ∂x = scale / √(variance + ε) · ∂y. */
function writeFixed(layer: Layer): void {
  const { program, node } = layer;
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((index) => layer.input(index)) as [
    Value,
    Value,
    Value,
    Value,
  ];
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const x = layer.input(0);
  layer.output(affine(layer, x, { scale, shift, mean, variance, epsilon }));
  layer.onBackward((gradient) => {
    const none = layer.fixed(mean.dims, new Float32Array(mean.dims[0]!));
    const dy = program.as(gradient, x.layout);
    layer.gradient(0, affine(layer, dy, { scale, shift: none, mean: none, variance, epsilon }, true));
  });
}

/** scale · (x − mean) / √(variance + ε) + shift, one of each a channel. */
function affine(
  { api, program }: Layer,
  x: Value,
  by: Readonly<Record<'scale' | 'shift' | 'mean' | 'variance', Value>> & { readonly epsilon: number },
  overwrites: boolean = false,
): Value {
  const result = program.value(x.layout, x.dims);
  program.run(
    api.fixedNormalization({ layout: x.layout, epsilon: by.epsilon, hasRelu: false }),
    [
      [ARG.source, x],
      [ARG.scale, by.scale],
      [ARG.shift, by.shift],
      [ARG.mean, by.mean],
      [ARG.variance, by.variance],
      [ARG.destination, result],
    ],
    overwrites ? [x, result] : undefined,
  );
  return result;
}
