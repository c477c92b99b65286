import { attributeOf, intAttribute, intsAttribute, stringAttribute } from '../../model/attributes.ts';
import type { Dimension, Shape } from '../../model/model.ts';
import { broadcastShapes } from '../broadcast.ts';
import { divideDimensions, multiplyDimensions, productOf } from '../dimension-arithmetic.ts';
import {
  axesFrom,
  inputName,
  isGiven,
  RANK_LIMIT,
  type ShapeRule,
  type ShapeRules,
  vector,
} from '../known-values.ts';

const reshape: ShapeRule = (node, values, x) => {
  const target = vector(values, inputName(node, 1)) ?? intsAttribute(node, 'shape');
  if (target === undefined || target.length > RANK_LIMIT) return undefined;
  const copies = intAttribute(node, 'allowzero', 0) === 0;
  const dims = target.map((dim, axis) => (dim === 0 && copies ? x?.[axis] : dim));
  const open = dims.filter((dim) => dim === -1 || dim === undefined).length;
  // What one unknown dimension must be follows from the count of elements.
  return dims.map((dim) => (dim === -1 || (dim === undefined && open === 1) ? rest(x, dims) : dim));
};

/** Elements of a shape for each of the dimensions that are given. */
function rest(x: Shape | undefined, dims: Shape): Dimension {
  const others = dims.filter((dim) => dim !== -1);
  if (dims.includes(-1) && others.includes(undefined)) {
    // A dimension that is not known may be one of the input's that is not known either.
    return undefined;
  }
  return x && divideDimensions(productOf(x), productOf(others.filter((dim) => dim !== undefined)));
}

const flatten: ShapeRule = (node, _, x) => {
  if (x === undefined) return [undefined, undefined];
  const given = intAttribute(node, 'axis', 1);
  const axis = given < 0 ? given + x.length : given;
  if (!(axis >= 0 && axis <= x.length)) return undefined;
  return [productOf(x.slice(0, axis)), productOf(x.slice(axis))];
};

const transpose: ShapeRule = (node, _, x) => {
  const perm = intsAttribute(node, 'perm');
  if (x === undefined) return perm?.map(() => undefined);
  if (perm === undefined) return [...x].reverse();
  if (perm.length !== x.length) return undefined;
  return axesFrom(perm, x.length)?.map((axis) => x[axis]);
};

const squeeze: ShapeRule = (node, values, x) => {
  if (x === undefined) return undefined;
  const listed = intsAttribute(node, 'axes') ?? values.elements(inputName(node, 1));
  if (listed === undefined) {
    if (isGiven(node, 1) || !x.every((dim) => typeof dim === 'number')) return undefined;
    return x.filter((dim) => dim !== 1);
  }
  const axes = axesFrom(listed, x.length);
  return axes && x.filter((_, axis) => !axes.includes(axis));
};

const unsqueeze: ShapeRule = (node, values, x) => {
  const listed = intsAttribute(node, 'axes') ?? vector(values, inputName(node, 1));
  if (x === undefined || listed === undefined || x.length + listed.length > RANK_LIMIT) return undefined;
  const rank = x.length + listed.length;
  const axes = axesFrom(listed, rank);
  if (axes === undefined || new Set(axes).size !== axes.length) {
    return listed.includes(undefined) ? new Array<Dimension>(rank).fill(undefined) : undefined;
  }
  let next = 0;
  return Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : x[next++]));
};

const expand: ShapeRule = (node, values, x) => broadcastShapes([x, vector(values, inputName(node, 1))]);

/** Block of SpaceToDepth and DepthToSpace; `undefined` where it makes no sense. */
function blockOf(node: Parameters<ShapeRule>[0]): number | undefined {
  const block = intAttribute(node, 'blocksize', 0);
  return block > 0 && block < 2 ** 20 ? block : undefined;
}

const spaceToDepth: ShapeRule = (node, _, x) => {
  const block = blockOf(node);
  if (x === undefined || x.length !== 4) return undefined;
  const spatial = x.slice(2).map((dim) => divideDimensions(dim, block));
  return [x[0], multiplyDimensions(x[1], block && block ** 2), ...spatial];
};

const depthToSpace: ShapeRule = (node, _, x) => {
  const block = blockOf(node);
  if (x === undefined || x.length !== 4) return undefined;
  const spatial = x.slice(2).map((dim) => multiplyDimensions(dim, block));
  return [x[0], divideDimensions(x[1], block && block ** 2), ...spatial];
};

const resize: ShapeRule = (node, values, x) => {
  if (x === undefined) return undefined;
  const isOld = node.input.length === 2;
  const sizes = isGiven(node, 3) ? values.elements(inputName(node, 3)) : undefined;
  const scales = scalesOf(node, values, isOld ? 1 : 2);
  const listed = intsAttribute(node, 'axes') ?? x.map((_, axis) => axis);
  const axes = axesFrom(listed, x.length);
  if (axes === undefined) return undefined;
  const policy = stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch');
  if (sizes !== undefined && sizes.length > 0 && policy !== 'stretch')
    return keepingRatio(x, axes, sizes, policy);
  return x.map((dim, axis) => {
    const i = axes.indexOf(axis);
    if (i < 0) return dim;
    if (isGiven(node, 3)) return sizes?.[i];
    return scaled(dim, scales?.[i]);
  });
};

function scalesOf(
  node: Parameters<ShapeRule>[0],
  values: Parameters<ShapeRule>[1],
  input: number,
): readonly Dimension[] | undefined {
  return attributeOf(node, 'scales')?.floats ?? values.elements(inputName(node, input));
}

function scaled(dim: Dimension, scale: Dimension): Dimension {
  if (typeof scale !== 'number' || scale === 1) return scale === 1 ? dim : undefined;
  if (typeof dim === 'number') return Math.floor(Math.fround(dim * Math.fround(scale)));
  if (Number.isInteger(scale)) return multiplyDimensions(dim, scale);
  return Number.isInteger(1 / scale) ? divideDimensions(dim, 1 / scale) : undefined;
}

function keepingRatio(x: Shape, axes: readonly number[], sizes: Shape, policy: string): Shape {
  const ratios = axes.map((axis, i) => Number(sizes[i]) / Number(x[axis]));
  if (!ratios.every(Number.isFinite)) return x.map((dim, axis) => (axes.includes(axis) ? undefined : dim));
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return x.map((dim, axis) => (axes.includes(axis) ? Math.floor(scale * Number(dim) + 0.5) : dim));
}

const upsample: ShapeRule = (node, values, x) => {
  const scales = scalesOf(node, values, 1);
  return x?.map((dim, axis) => scaled(dim, scales?.[axis]));
};

const affineGrid: ShapeRule = (node, values) => {
  const size = vector(values, inputName(node, 1));
  return size && [size[0], ...size.slice(2), size.length - 2];
};

const gridSample: ShapeRule = (node, values, x) => {
  const grid = values.shape(inputName(node, 1));
  return x && grid && [x[0], x[1], ...grid.slice(1, -1)];
};

const imageToColumns: ShapeRule = (node, values, x) => {
  const [image, block] = [values.elements(inputName(node, 1)), values.elements(inputName(node, 2))];
  return x && [x[0], divideDimensions(x[1], block && productOf(block)), ...(image ?? [undefined, undefined])];
};

const centered: ShapeRule = (node, values, x) => {
  const target = values.elements(inputName(node, 1));
  const listed = intsAttribute(node, 'axes') ?? x?.map((_, axis) => axis);
  const axes = x && listed && axesFrom(listed, x.length);
  return axes && x?.map((dim, axis) => (axes.includes(axis) ? target?.[axes.indexOf(axis)] : dim));
};

/** Size of a window over a signal. */
const signalWindow: ShapeRule = (node, values) => [values.elements(inputName(node, 0))?.[0]];

const dft: ShapeRule = (node, values, x) => {
  if (x === undefined || x.length < 2) return undefined;
  const given =
    values.elements(inputName(node, 2))?.[0] ?? intAttribute(node, 'axis', isGiven(node, 2) ? Number.NaN : 1);
  const axis =
    typeof given === 'number' && Number.isInteger(given) ? (given + x.length) % x.length : undefined;
  const isOneSided = intAttribute(node, 'onesided', 0) !== 0;
  const isLong = isGiven(node, 1);
  const length = (dim: Dimension): Dimension => (isLong ? values.elements(inputName(node, 1))?.[0] : dim);
  return x.map((dim, i) => {
    if (i === x.length - 1) return intAttribute(node, 'inverse', 0) !== 0 && isOneSided ? 1 : 2;
    if (axis === undefined) return undefined;
    if (i !== axis) return dim;
    const size = length(dim);
    if (!isOneSided) return size;
    return typeof size === 'number' ? Math.floor(size / 2) + 1 : undefined;
  });
};

const compress: ShapeRule = (node, _, x) =>
  attributeOf(node, 'axis') === undefined
    ? [undefined]
    : x?.map((dim, i) => (i === (intAttribute(node, 'axis', 0) + x.length) % x.length ? undefined : dim));

/** Operators that give the same elements another shape, or more and fewer of them. */
export const LAYOUT: ShapeRules = {
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expand,
  SpaceToDepth: spaceToDepth,
  DepthToSpace: depthToSpace,
  Resize: resize,
  Upsample: upsample,
  AffineGrid: affineGrid,
  GridSample: gridSample,
  Col2Im: imageToColumns,
  CenterCropPad: centered,
  HannWindow: signalWindow,
  HammingWindow: signalWindow,
  BlackmanWindow: signalWindow,
  DFT: dft,
  Compress: compress,
};
