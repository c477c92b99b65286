import { intAttribute, intsAttribute, stringAttribute } from '../../../model/attributes.ts';
import type { Node } from '../../../model/model.ts';
import { toldWindow } from '../../../shapes/window-shape.ts';
import { ARG, type PoolingKind } from '../api.ts';
import type { Layer, LayerRule, LayerUse } from '../layer.ts';
import { type Pooling, plainWindow, runPooling } from './run-pooling.ts';

/** A window of the whole picture. */
export const globalAveragePool: LayerRule = {
  refusal: spatialRefusal,
  write: (layer) =>
    writePooling(layer, { kind: 'average', ...wholeOf(layer.dims(0)), dims: layer.outputDims }),
};

export const globalMaxPool: LayerRule = {
  refusal: spatialRefusal,
  write: (layer) => writePooling(layer, { kind: 'max', ...wholeOf(layer.dims(0)), dims: layer.outputDims }),
};

/** The mean over all axes of a picture: an average over one window. */
export const spatialMean: LayerRule = {
  refusal: (use) => {
    const { node, rank } = use;
    const axes = rank(0);
    const given = intsAttribute(node, 'axes');
    if (axes === undefined || given === undefined) return 'axes that are told';
    const meant = given.map((axis) => (axis + axes) % axes).sort((a, b) => a - b);
    const isSpatial = meant.length === axes - 2 && meant.every((axis, i) => axis === i + 2);
    return isSpatial ? spatialRefusal(use) : 'a mean over all axes of a picture';
  },
  write: (layer) => {
    const [n, c] = layer.dims(0) as readonly [number, number];
    const dims = [
      n,
      c,
      ...layer
        .dims(0)
        .slice(2)
        .map(() => 1),
    ];
    writePooling(layer, { kind: 'average', ...wholeOf(layer.dims(0)), dims });
  },
};

/** MaxPool and AveragePool. */
export const pool: LayerRule = {
  refusal: (use) => {
    const { node } = use;
    if (stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET') return 'paddings that are told';
    if ((node.output[1] ?? '') !== '') return 'no indices';
    if (intAttribute(node, 'storage_order', 0) !== 0) return 'row-major positions';
    const isAverage = node.opType === 'AveragePool';
    if (isAverage && intAttribute(node, 'ceil_mode', 0) !== 0) return 'windows that are whole';
    if (isAverage && (intsAttribute(node, 'dilations') ?? []).some((dilation) => dilation !== 1))
      return 'no dilation';
    return spatialRefusal(use);
  },
  write: (layer) => {
    const { node } = layer;
    const kernel = intsAttribute(node, 'kernel_shape')!;
    const { strides, padsBegin: begin, ...told } = toldWindow(node, kernel);
    const dilations = told.dilations.map((dilation) => dilation - 1);
    // What the last window reaches, beyond what the node tells where it counts windows that are not whole.
    const end = kernel.map((size, axis) => {
      const reach =
        (layer.outputDims[axis + 2]! - 1) * strides[axis]! + (size - 1) * (dilations[axis]! + 1) + 1;
      return reach - layer.dims(0)[axis + 2]! - begin[axis]!;
    });
    const padding = [begin, end] as const;
    writePooling(layer, { kind: kindOf(node), kernel, strides, dilations, padding, dims: layer.outputDims });
  },
};

function kindOf(node: Node): PoolingKind {
  if (node.opType === 'MaxPool') return 'max';
  return intAttribute(node, 'count_include_pad', 0) === 1 ? 'average-with-padding' : 'average';
}

function writePooling(layer: Layer, how: Pooling): void {
  const { api, program } = layer;
  const x = layer.input(0);
  const { dims, ...window } = how;
  const { forward, destination, y, workspace } = runPooling(layer, x, how);
  const isWhole = `${dims}` === `${layer.outputDims}`;
  layer.output(isWhole ? y : program.view(program.rowMajor(y), layer.outputDims));
  layer.onBackward((gradient) => {
    const whole = isWhole ? gradient : program.view(program.rowMajor(gradient), dims);
    const dy = program.as(whole, destination);
    const dx = program.value(x.layout, x.dims);
    program.run(api.poolingGradient({ ...window, source: x.layout, destination }, forward), [
      [ARG.destinationGradient, dy],
      [ARG.sourceGradient, dx],
      [ARG.workspace, workspace],
    ]);
    layer.gradient(0, dx);
  });
}

function wholeOf(dims: readonly number[]): Omit<Pooling, 'kind' | 'dims'> {
  const kernel = dims.slice(2);
  return plainWindow(
    kernel,
    kernel.map(() => 1),
  );
}

function spatialRefusal({ rank }: LayerUse): string | undefined {
  const axes = rank(0);
  return axes !== undefined && axes >= 3 && axes <= 5 ? undefined : 'inputs [N, C] and one to three axes';
}
