import { type Argument, dims, float, int, layout, openDialect } from './dialect.ts';
import type { Pointer } from './foreign-functions.ts';
import { loadOneDnn, type OneDnnLibrary } from './library.ts';

/** How a tensor lies in memory: oneDNN's memory descriptor. */
export type Layout = Pointer;

/** A primitive before it is made, with the layouts that it chose. */
export type PrimitiveDescription = Pointer;

/** Strides, dilations (0 is dense) and paddings, one a spatial axis. */
export interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before the first and after the last position. */
  readonly padding: readonly [begin: readonly number[], end: readonly number[]];
}

/** Layouts of a convolution, or of the gradients in their places. */
export interface ConvolutionLayouts extends Window {
  readonly source: Layout;
  readonly weights: Layout;
  readonly bias?: Layout | undefined;
  readonly destination: Layout;
}

/** Layouts of a product x · Wᵀ + b, or of the gradients in their places. */
export type ProductLayouts = Omit<ConvolutionLayouts, keyof Window>;

export interface PoolingLayouts extends Window {
  readonly kind: PoolingKind;
  readonly kernel: readonly number[];
  readonly source: Layout;
  readonly destination: Layout;
}

export type PoolingKind = 'max' | 'average' | 'average-with-padding';
export type BinaryKind = 'add' | 'mul' | 'sub' | 'div';
export type ReductionKind = 'sum' | 'mean';
export type ElementwiseKind =
  | 'relu'
  | 'tanh'
  | 'elu'
  | 'abs'
  | 'sqrt'
  | 'linear'
  | 'soft-relu'
  | 'logistic'
  | 'exp'
  | 'clip'
  | 'hard-swish'
  | 'swish'
  | 'gelu-erf'
  | 'gelu-tanh';

/** A function of each number; what α and β are depends on it. */
export interface Elementwise {
  readonly kind: ElementwiseKind;
  readonly alpha?: number;
  readonly beta?: number;
}

/** What a normalisation does besides: fixed statistics, and ReLU behind it. */
export interface Normalization {
  readonly layout: Layout;
  readonly epsilon: number;
  /** Whether its statistics are given, not of the batch. */
  readonly hasFixedStatistics: boolean;
  readonly hasRelu: boolean;
}

/** What is used of oneDNN's C interface. Descriptions of gradients take the one of the way forward. */
export interface OneDnnApi {
  readonly library: OneDnnLibrary;
  readonly engine: Pointer;
  readonly stream: Pointer;
  /** @param strides row-major by default */
  plain(dims: readonly number[], strides?: readonly number[]): Layout;
  /** The layout that a primitive likes best. */
  any(dims: readonly number[]): Layout;
  bytesOf(layout: Layout): number;
  areEqual(a: Layout, b: Layout): boolean;
  convolution(layouts: ConvolutionLayouts): PrimitiveDescription;
  convolutionInput(layouts: ConvolutionLayouts, forward: PrimitiveDescription): PrimitiveDescription;
  convolutionWeights(layouts: ConvolutionLayouts, forward: PrimitiveDescription): PrimitiveDescription;
  product(layouts: ProductLayouts): PrimitiveDescription;
  productInput(layouts: ProductLayouts, forward: PrimitiveDescription): PrimitiveDescription;
  productWeights(layouts: ProductLayouts, forward: PrimitiveDescription): PrimitiveDescription;
  normalization(how: Normalization): PrimitiveDescription;
  normalizationGradient(how: Normalization, forward: PrimitiveDescription): PrimitiveDescription;
  prelu(layout: Layout, slopes: Layout): PrimitiveDescription;
  preluGradient(layout: Layout, slopes: Layout, forward: PrimitiveDescription): PrimitiveDescription;
  elementwise(how: Elementwise, layout: Layout): PrimitiveDescription;
  elementwiseGradient(how: Elementwise, layout: Layout, forward: PrimitiveDescription): PrimitiveDescription;
  pooling(layouts: PoolingLayouts): PrimitiveDescription;
  poolingGradient(layouts: PoolingLayouts, forward: PrimitiveDescription): PrimitiveDescription;
  binary(kind: BinaryKind, a: Layout, b: Layout, result: Layout): PrimitiveDescription;
  reduction(kind: ReductionKind, source: Layout, destination: Layout): PrimitiveDescription;
  reorder(from: Layout, to: Layout): PrimitiveDescription;
  /** Layout of an argument, by its number; `undefined` where the primitive takes none. */
  layoutOf(description: PrimitiveDescription, argument: number): Layout | undefined;
}

/** Arguments of primitives: `DNNL_ARG_…`. */
export const ARG = {
  source: 1,
  source1: 2,
  destination: 17,
  weights: 33,
  bias: 41,
  mean: 49,
  variance: 50,
  scale: 51,
  shift: 52,
  workspace: 64,
  scratchpad: 80,
  sourceGradient: 129,
  destinationGradient: 145,
  weightsGradient: 161,
  biasGradient: 169,
  scaleGradient: 255,
  shiftGradient: 256,
} as const;

/** `dnnl_prop_kind_t`, `dnnl_convolution_direct`, `dnnl_query_exec_arg_md`. */
const TRAINING = int(64);
const BACKWARD = int(128);
const BACKWARD_DATA = int(160);
const DIRECT = int(1);
const QUERY_ARGUMENT = 255;

const POOLING: Readonly<Record<PoolingKind, number>> = {
  max: 0x1ff,
  'average-with-padding': 0x2ff,
  average: 0x3ff,
};

const BINARY: Readonly<Record<BinaryKind, number>> = {
  add: 0x1fff0,
  mul: 0x1fff1,
  div: 0x1fff4,
  sub: 0x1fff5,
};

const REDUCTION: Readonly<Record<ReductionKind, number>> = { sum: 0x2fff4, mean: 0x2fff6 };

/**
 * Opens oneDNN: an engine on the processor, and what it is asked for.
 *
 * @throws BackendError where there is no oneDNN, or one of a version that is not known
 */
export function openOneDnn(...args: Parameters<typeof loadOneDnn>): OneDnnApi {
  const library = loadOneDnn(...args);
  const dialect = openDialect(library);
  const { engine, attributes, describe, numbers } = dialect;
  const { plain, maker } = library;
  const size = plain('size_t dnnl_memory_desc_get_size(void *layout)');
  const equal = plain('int dnnl_memory_desc_equal(void *a, void *b)');
  const query = plain('void *dnnl_primitive_desc_query_md(void *description, int what, int index)');
  const reorder = maker(
    'int dnnl_reorder_primitive_desc_create(_Out_ void **made, void *from, void *engine, void *to, void *engine_to, void *attributes)',
  );
  /** Where a version also takes the layouts of what has the layout of something else. */
  const alike = (of: Layout, count = 1): readonly Argument[] =>
    dialect.repeatsLayouts ? Array(count).fill(layout(of)) : [];
  const flags = ({ hasFixedStatistics, hasRelu }: Normalization): Argument =>
    int(numbers.scaleAndShift | (hasFixedStatistics ? 1 : 0) | (hasRelu ? numbers.relu : 0));
  const { convolution, pooling } = dialect.names;
  return {
    library,
    engine,
    stream: maker('int dnnl_stream_create(_Out_ void **stream, void *engine, unsigned int flags)')(engine, 1),
    plain: dialect.plain,
    any: dialect.any,
    bytesOf: (of) => Number(size(of)),
    areEqual: (a, b) => equal(a, b) === 1,
    convolution: (of) =>
      describe(`${convolution}_forward`, [TRAINING, DIRECT, ...weighted(of), ...windowOf(of)]),
    convolutionInput: (of, hint) =>
      describe(`${convolution}_backward_data`, [DIRECT, ...weightedInput(of), ...windowOf(of)], hint),
    convolutionWeights: (of, hint) =>
      describe(`${convolution}_backward_weights`, [DIRECT, ...weighted(of), ...windowOf(of)], hint),
    product: (of) => describe('inner_product_forward', [TRAINING, ...weighted(of)]),
    productInput: (of, hint) => describe('inner_product_backward_data', weightedInput(of), hint),
    productWeights: (of, hint) => describe('inner_product_backward_weights', weighted(of), hint),
    normalization: (how) =>
      describe('batch_normalization_forward', [
        TRAINING,
        layout(how.layout),
        ...alike(how.layout),
        float(how.epsilon),
        flags(how),
      ]),
    normalizationGradient: (how, hint) =>
      describe(
        'batch_normalization_backward',
        [
          how.hasFixedStatistics ? BACKWARD_DATA : BACKWARD,
          layout(how.layout),
          layout(how.layout),
          ...alike(how.layout),
          float(how.epsilon),
          flags(how),
        ],
        hint,
      ),
    prelu: (of, slopes) => describe('prelu_forward', [TRAINING, layout(of), layout(slopes), ...alike(of)]),
    preluGradient: (of, slopes, hint) =>
      describe(
        'prelu_backward',
        [layout(of), layout(slopes), layout(of), layout(slopes), ...alike(of)],
        hint,
      ),
    elementwise: ({ kind, alpha = 0, beta = 0 }, of) =>
      describe('eltwise_forward', [
        TRAINING,
        int(numbers.elementwise[kind]),
        layout(of),
        ...alike(of),
        float(alpha),
        float(beta),
      ]),
    elementwiseGradient: ({ kind, alpha = 0, beta = 0 }, of, hint) =>
      describe(
        'eltwise_backward',
        [int(numbers.elementwise[kind]), layout(of), layout(of), ...alike(of), float(alpha), float(beta)],
        hint,
      ),
    pooling: (of) => describe(`${pooling}_forward`, [TRAINING, ...pooled(of)]),
    poolingGradient: (of, hint) => describe(`${pooling}_backward`, pooled(of), hint),
    binary: (kind, a, b, result) =>
      describe('binary', [int(BINARY[kind]), layout(a), layout(b), layout(result)]),
    reduction: (kind, source, destination) =>
      describe('reduction', [int(REDUCTION[kind]), layout(source), layout(destination), float(0), float(0)]),
    reorder: (from, to) => reorder(from, engine, to, engine, attributes),
    layoutOf: (description, argument) => {
      const found = query(description, QUERY_ARGUMENT, argument) as Layout | null;
      return found === null || Number(size(found)) === 0 ? undefined : found;
    },
  };
}

function weighted({ source, weights, bias, destination }: ProductLayouts): readonly Argument[] {
  return [source, weights, bias ?? null, destination].map(layout);
}

function weightedInput({ source, weights, destination }: ProductLayouts): readonly Argument[] {
  return [source, weights, destination].map(layout);
}

function windowOf({ strides, dilations, padding: [begin, end] }: Window): readonly Argument[] {
  return [strides, dilations, begin, end].map(dims);
}

function pooled(of: PoolingLayouts): readonly Argument[] {
  const { strides, kernel, dilations, padding } = of;
  return [
    int(POOLING[of.kind]),
    layout(of.source),
    layout(of.destination),
    ...[strides, kernel, dilations, ...padding].map(dims),
  ];
}
