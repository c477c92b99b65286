import { rowMajorStrides } from '../../model/dims.ts';
import type { ElementwiseKind, Layout, PrimitiveDescription } from './api.ts';
import type { Pointer } from './foreign-functions.ts';
import type { OneDnnLibrary } from './library-calls.ts';

/** An argument of a C function, with its type. */
export interface Argument {
  readonly type: string;
  readonly value: unknown;
}

export const int: (value: number) => Argument = (value) => ({ type: 'int', value });
export const float: (value: number) => Argument = (value) => ({ type: 'float', value });
export const layout: (value: Layout | null) => Argument = (value) => ({ type: 'void *', value });
export const dims: (values: readonly number[]) => Argument = (values) => ({
  type: 'int64_t *',
  value: dimensions(values),
});

/** In what versions of oneDNN's C interface differ. */
export interface Dialect {
  readonly engine: Pointer;
  readonly attributes: Pointer;
  /** Of primitives whose result is added to what is there. */
  readonly adding: Pointer;
  /** @param strides row-major by default */
  readonly plain: (dims: readonly number[], strides?: readonly number[]) => Layout;
  /** The layout that a primitive likes best. */
  readonly any: (dims: readonly number[]) => Layout;
  /** Channels in blocks of so many, [N, C / width, …, width]; `undefined` where no name of it is known. */
  readonly blocked: (dims: readonly number[], width: 8 | 16) => Layout | undefined;
  /** Gives a layout of those three back. */
  readonly forget: (layout: Layout) => void;
  /** Describes a primitive of one kind; @param hint the description of the way forward */
  readonly describe: (
    kind: string,
    args: readonly Argument[],
    hint?: PrimitiveDescription,
    attributes?: Pointer,
  ) => PrimitiveDescription;
  /** Whether the layout of a result is told where it is that of the source. */
  readonly repeatsLayouts: boolean;
  readonly names: { readonly convolution: string; readonly pooling: string };
  readonly numbers: {
    readonly elementwise: Readonly<Record<ElementwiseKind, number>>;
    readonly scaleAndShift: number;
    readonly relu: number;
  };
}

/** More bytes than `dnnl_memory_desc_t`, and than any description of an operation. */
const LAYOUT_BYTES = 1024;
const OPERATION_BYTES = 8192;

/** `dnnl_f32`, `dnnl_format_tag_any`. */
const FLOAT32 = 3;
const ANY = 1;

/** `dnnl_aBc8b`, `dnnl_aBcd8b`, `dnnl_aBcde8b` and those of 16, by the number of axes. */
const TAGS_2: BlockTags = { 8: { 3: 60, 4: 93, 5: 133 }, 16: { 3: 47, 4: 69, 5: 112 } };
const TAGS_3: BlockTags = { 8: { 3: 69, 4: 102, 5: 142 }, 16: { 3: 56, 4: 78, 5: 121 } };

type BlockTags = Readonly<Record<8 | 16, Readonly<Record<number, number>>>>;

/** Opens an engine on the processor. */
export function openDialect(library: OneDnnLibrary): Dialect {
  const { checked, maker } = library;
  const engine = maker('int dnnl_engine_create(_Out_ void **engine, int kind, size_t index)')(1, 0);
  const create = maker('int dnnl_primitive_attr_create(_Out_ void **attributes)');
  const setMode = checked('int dnnl_primitive_attr_set_scratchpad_mode(void *attributes, int mode)');
  const [attributes, adding] = [create(), create()];
  for (const each of [attributes, adding]) setMode(each, 1);
  const operations = maker('int dnnl_post_ops_create(_Out_ void **operations)')();
  if (library.version.major === 2)
    checked('int dnnl_post_ops_append_sum(void *operations, float scale)')(operations, 1);
  else
    checked('int dnnl_post_ops_append_sum(void *operations, float scale, int32_t zero, int type)')(
      ...[operations, 1, 0, 0],
    );
  checked('int dnnl_primitive_attr_set_post_ops(void *attributes, void *operations)')(adding, operations);
  const common = { engine, attributes, adding };
  return library.version.major === 2
    ? { ...common, ...version2(library, common) }
    : { ...common, ...version3(library, common) };
}

type Handles = Pick<Dialect, 'engine' | 'attributes' | 'adding'>;

/** Operations are described in structs, layouts are structs. */
function version2(
  { checked, maker }: OneDnnLibrary,
  { engine, attributes }: Handles,
): Omit<Dialect, keyof Handles> {
  const tensor = 'int ndims, int64_t *dims, int type';
  const fromStrides = checked(
    `int dnnl_memory_desc_init_by_strides(void *layout, ${tensor}, int64_t *strides)`,
  );
  const fromTag = checked(`int dnnl_memory_desc_init_by_tag(void *layout, ${tensor}, int tag)`);
  const create = maker(
    'int dnnl_primitive_desc_create(_Out_ void **made, void *operation, void *attributes, void *engine, void *hint)',
  );
  const filled = (fill: (layout: Buffer) => void): Layout => {
    const struct = Buffer.alloc(LAYOUT_BYTES);
    fill(struct);
    return struct;
  };
  const initialiser = remembered((kind, args) =>
    checked(`int dnnl_${kind}_desc_init(void *operation, ${parametersOf(args)})`),
  );
  return {
    plain: (sizes, strides = rowMajorStrides(sizes)) =>
      filled((struct) => fromStrides(struct, sizes.length, dimensions(sizes), FLOAT32, dimensions(strides))),
    // A struct is garbage like any other.
    forget: () => {},
    any: (sizes) => filled((struct) => fromTag(struct, sizes.length, dimensions(sizes), FLOAT32, ANY)),
    blocked: (sizes, width) => {
      const tag = TAGS_2[width][sizes.length];
      if (tag === undefined) return undefined;
      return filled((struct) => fromTag(struct, sizes.length, dimensions(sizes), FLOAT32, tag));
    },
    describe: (kind, args, hint, by = attributes) => {
      const operation = Buffer.alloc(OPERATION_BYTES);
      initialiser(kind, args)(operation, ...args.map(({ value }) => value));
      return create(operation, by, engine, hint ?? null);
    },
    repeatsLayouts: false,
    names: { convolution: 'dilated_convolution', pooling: 'pooling_v2' },
    numbers: {
      elementwise: {
        relu: 0x1f,
        tanh: 0x2f,
        elu: 0x3f,
        abs: 0x5f,
        sqrt: 0x6f,
        linear: 0x7f,
        'soft-relu': 0x9f,
        logistic: 0xaf,
        exp: 0xbf,
        'gelu-tanh': 0xcf,
        swish: 0xdf,
        clip: 0xff,
        'gelu-erf': 0x30,
        'hard-swish': 0x70,
      },
      scaleAndShift: 0x18,
      relu: 0x4,
    },
  };
}

/** A description is made in one call, layouts are opaque. */
function version3(
  { maker, plain }: OneDnnLibrary,
  { engine, attributes }: Handles,
): Omit<Dialect, keyof Handles> {
  const tensor = 'int ndims, int64_t *dims, int type';
  const fromStrides = maker(
    `int dnnl_memory_desc_create_with_strides(_Out_ void **made, ${tensor}, int64_t *strides)`,
  );
  const fromTag = maker(`int dnnl_memory_desc_create_with_tag(_Out_ void **made, ${tensor}, int tag)`);
  const creator = remembered((kind, args) =>
    maker(
      `int dnnl_${kind}_primitive_desc_create(_Out_ void **made, void *engine, ${parametersOf(args)}, void *attributes)`,
    ),
  );
  return {
    plain: (sizes, strides = rowMajorStrides(sizes)) =>
      fromStrides(sizes.length, dimensions(sizes), FLOAT32, dimensions(strides)),
    any: (sizes) => fromTag(sizes.length, dimensions(sizes), FLOAT32, ANY),
    blocked: (sizes, width) => {
      const tag = TAGS_3[width][sizes.length];
      return tag === undefined ? undefined : fromTag(sizes.length, dimensions(sizes), FLOAT32, tag);
    },
    forget: plain('int dnnl_memory_desc_destroy(void *layout)'),
    describe: (kind, args, hint, by = attributes) => {
      const all = hint === undefined ? args : [...args, layout(hint)];
      return creator(kind, all)(engine, ...all.map(({ value }) => value), by);
    },
    repeatsLayouts: true,
    names: { convolution: 'convolution', pooling: 'pooling' },
    numbers: {
      elementwise: {
        relu: 0x20,
        tanh: 0x21,
        elu: 0x22,
        abs: 0x24,
        sqrt: 0x25,
        linear: 0x26,
        'soft-relu': 0x27,
        logistic: 0x29,
        exp: 0x2a,
        'gelu-tanh': 0x2b,
        swish: 0x2c,
        clip: 0x2e,
        'gelu-erf': 0x31,
        'hard-swish': 0x34,
      },
      scaleAndShift: 0x6,
      relu: 0x8,
    },
  };
}

function parametersOf(args: readonly Argument[]): string {
  return args.map(({ type }, i) => `${type}${type.endsWith('*') ? '' : ' '}p${i}`).join(', ');
}

/** Each function is looked up once. */
function remembered<F>(
  look: (kind: string, args: readonly Argument[]) => F,
): (kind: string, args: readonly Argument[]) => F {
  const known = new Map<string, F>();
  return (kind, args) => {
    const found = known.get(kind) ?? look(kind, args);
    known.set(kind, found);
    return found;
  };
}

function dimensions(values: readonly number[]): BigInt64Array {
  return BigInt64Array.from(values, BigInt);
}
