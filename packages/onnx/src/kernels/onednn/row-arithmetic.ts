import { ARG, type Layout, type OneDnnApi, type PrimitiveDescription } from './api.ts';
import type { Pointer } from './foreign-functions.ts';

/** What is computed of a block of so many rows. All matrices are row-major: [rows, d]. */
export interface RowArithmetic {
  /** The sum of a_jk·b_jk over k: [rows]. */
  dots(a: Float32Array, b: Float32Array, sums: Float32Array): void;
  /** factor_j·a_jk. @param factors [rows] */
  scaled(a: Float32Array, factors: Float32Array, result: Float32Array): void;
  /** a_jk + factor_j·b_jk, in the place of a. @param factors [rows] */
  add(a: Float32Array, b: Float32Array, factors: Float32Array): void;
  release(): void;
}

const ARGUMENT_BYTES = 16;

/** Arithmetic on blocks of one size. */
export function rowArithmetic(api: OneDnnApi, rows: number, dim: number): RowArithmetic {
  const { checked, maker, plain, foreign } = api.library;
  const create = maker('int dnnl_primitive_create(_Out_ void **made, void *description)');
  const destroyPrimitive = plain('int dnnl_primitive_destroy(void *primitive)');
  const createMemory = maker(
    'int dnnl_memory_create(_Out_ void **made, void *layout, void *engine, intptr_t handle)',
  );
  const destroyMemory = plain('int dnnl_memory_destroy(void *memory)');
  const setHandle = checked('int dnnl_memory_set_data_handle(void *memory, void *handle)');
  const execute = checked('int dnnl_primitive_execute(void *primitive, void *stream, int count, void *args)');
  const made: [destroy: (pointer: Pointer) => unknown, pointer: Pointer][] = [];
  const own = (destroy: (pointer: Pointer) => unknown, pointer: Pointer): Pointer => {
    made.push([destroy, pointer]);
    return pointer;
  };
  const matrix = own(api.forget, api.plain([rows, dim]));
  const column = own(api.forget, api.plain([rows, 1]));
  const scratch = new Float32Array(rows * dim);

  type Call = (...data: readonly Float32Array[]) => void;
  const primitive = (
    description: PrimitiveDescription,
    ...args: readonly (readonly [argument: number, layout: Layout])[]
  ): Call => {
    own(api.forgetDescription, description);
    const pointer = own(destroyPrimitive, create(description));
    const memories = args.map(([, layout]) => own(destroyMemory, createMemory(layout, api.engine, 0n)));
    const bytes = Buffer.alloc(ARGUMENT_BYTES * (args.length + 1));
    args.forEach(([argument], i) => {
      bytes.writeInt32LE(argument, ARGUMENT_BYTES * i);
      bytes.writeBigUInt64LE(foreign.address(memories[i]!), ARGUMENT_BYTES * i + 8);
    });
    const workspace = api.layoutOf(description, ARG.scratchpad);
    let count = args.length;
    if (workspace !== undefined) {
      const room = new Uint8Array(api.bytesOf(workspace));
      const memory = own(destroyMemory, createMemory(workspace, api.engine, 0n));
      setHandle(memory, room);
      keep.push(room);
      bytes.writeInt32LE(ARG.scratchpad, ARGUMENT_BYTES * count);
      bytes.writeBigUInt64LE(foreign.address(memory), ARGUMENT_BYTES * count + 8);
      count++;
    }
    return (...data) => {
      for (const [i, numbers] of data.entries()) setHandle(memories[i], numbers);
      execute(pointer, api.stream, count, bytes);
    };
  };
  const keep: Uint8Array[] = [];
  const binary = (kind: 'mul' | 'add', second: Layout): Call =>
    primitive(
      api.binary(kind, matrix, second, matrix),
      [ARG.source, matrix],
      [ARG.source1, second],
      [ARG.destination, matrix],
    );
  const multiply = binary('mul', matrix);
  const scale = binary('mul', column);
  const sum = binary('add', matrix);
  const reduce = primitive(
    api.reduction('sum', matrix, column),
    [ARG.source, matrix],
    [ARG.destination, column],
  );
  return {
    dots(a, b, sums) {
      multiply(a, b, scratch);
      reduce(scratch, sums);
    },
    scaled: scale,
    add(a, b, factors) {
      scale(b, factors, scratch);
      sum(a, scratch, a);
    },
    release() {
      for (const [destroy, pointer] of made.splice(0).reverse()) destroy(pointer);
      keep.length = 0;
    },
  };
}
