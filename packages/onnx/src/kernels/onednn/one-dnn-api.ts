import type {
  BinaryKind,
  Layout,
  Normalization,
  OneDnnApi,
  PoolingKind,
  PoolingLayouts,
  ProductLayouts,
  ReductionKind,
  Window,
} from './api.ts';
import { type Argument, dims, float, int, layout, openDialect } from './dialect.ts';
import type { OneDnnLibrary } from './library-calls.ts';

/** `dnnl_prop_kind_t`, `dnnl_convolution_direct`, `dnnl_query_exec_arg_md`. */
const TRAINING = int(64);
const BACKWARD = int(128);
const DIRECT = int(1);
const QUERY_ARGUMENT = 255;
const QUERY_IMPLEMENTATION = 8;

/** `dnnl_use_global_stats`. */
const FIXED_STATISTICS = 1;

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

/** An engine on the processor, and what it is asked for. */
export function oneDnnApi(library: OneDnnLibrary): OneDnnApi {
  const dialect = openDialect(library);
  const { engine, attributes, describe, numbers } = dialect;
  const { plain, maker } = library;
  const size = plain('size_t dnnl_memory_desc_get_size(void *layout)');
  const equal = plain('int dnnl_memory_desc_equal(void *a, void *b)');
  const query = plain('void *dnnl_primitive_desc_query_md(void *description, int what, int index)');
  const tell = plain(
    'int dnnl_primitive_desc_query(void *description, int what, int index, _Out_ const char **told)',
  );
  const reorder = maker(
    'int dnnl_reorder_primitive_desc_create(_Out_ void **made, void *from, void *engine, void *to, void *engine_to, void *attributes)',
  );
  /** Where a version also takes the layouts of what has the layout of something else. */
  const alike = (of: Layout, count = 1): readonly Argument[] =>
    dialect.repeatsLayouts ? Array(count).fill(layout(of)) : [];
  const flags = ({ hasRelu }: Normalization, others = 0): Argument =>
    int(numbers.scaleAndShift | (hasRelu ? numbers.relu : 0) | others);
  const normalization = (how: Normalization, direction: Argument, others: number): Layout =>
    describe('batch_normalization_forward', [
      direction,
      layout(how.layout),
      ...alike(how.layout),
      float(how.epsilon),
      flags(how, others),
    ]);
  const { convolution, pooling } = dialect.names;
  return {
    library,
    engine,
    stream: maker('int dnnl_stream_create(_Out_ void **stream, void *engine, unsigned int flags)')(engine, 1),
    plain: dialect.plain,
    any: dialect.any,
    blocked: dialect.blocked,
    forget: dialect.forget,
    forgetDescription: plain('int dnnl_primitive_desc_destroy(void *description)'),
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
    normalization: (how) => normalization(how, TRAINING, 0),
    statistics: (of) =>
      describe('batch_normalization_forward', [TRAINING, layout(of), ...alike(of), float(0), int(0)]),
    fixedNormalization: (how) => normalization(how, TRAINING, FIXED_STATISTICS),
    takesShiftBack: library.version.major === 2,
    normalizationGradient: (how, hint) =>
      describe(
        'batch_normalization_backward',
        [
          BACKWARD,
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
    binary: (kind, a, b, result, isAdded) => {
      const args = [int(BINARY[kind]), layout(a), layout(b), layout(result)];
      return describe('binary', args, undefined, isAdded ? dialect.adding : undefined);
    },
    reduction: (kind, source, destination) =>
      describe('reduction', [int(REDUCTION[kind]), layout(source), layout(destination), float(0), float(0)]),
    reorder: (from, to) => reorder(from, engine, to, engine, attributes),
    implementationOf: (description) => {
      const told: [string | null] = [null];
      tell(description, QUERY_IMPLEMENTATION, 0, told);
      return told[0] ?? 'unknown';
    },
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
