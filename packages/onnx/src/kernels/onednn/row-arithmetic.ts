import { ARG, type Layout, type OneDnnApi, type PrimitiveDescription } from './api.ts';
import type { Pointer } from './foreign-functions.ts';

/** Where a number lies in the memory of the process, in bytes. */
export type Address = number;

/** What is computed of the rows of a block, from address to address. Matrices are row-major: [rows, d]; columns [rows]. */
export interface RowArithmetic {
  /** ‖a_j‖. */
  norms(a: Address, norms: Address): void;
  /** factor_j·a_j. */
  scaled(a: Address, factors: Address, result: Address): void;
  /** a_j − (a_j·ŵ_j)·ŵ_j, in the place of a. @param inverse 1/‖w_j‖, 0 for a zero vector */
  makeTangential(a: Address, w: Address, inverse: Address): void;
  release(): void;
}

const ARGUMENT_BYTES = 16;

type Call = (...addresses: readonly Address[]) => void;

/** Arithmetic on blocks of one size. */
export function rowArithmetic(api: OneDnnApi, rows: number, dim: number): RowArithmetic {
  const made = new Made(api);
  const matrix = made.layout([rows, dim]);
  const column = made.layout([rows, 1]);
  const binary = (kind: 'mul' | 'sub', of: Layout, by: Layout): Call =>
    made.primitive(api.binary(kind, of, by, of), [
      [ARG.source, of],
      [ARG.source1, by],
      [ARG.destination, of],
    ]);
  const multiply = binary('mul', matrix, matrix);
  const scale = binary('mul', matrix, column);
  const subtract = binary('sub', matrix, matrix);
  const scaleColumn = binary('mul', column, column);
  // Of one number there is no sum, and oneDNN refuses it.
  const sum =
    dim === 1
      ? undefined
      : made.primitive(api.reduction('sum', matrix, column), [
          [ARG.source, matrix],
          [ARG.destination, column],
        ]);
  const root = made.primitive(api.elementwise({ kind: 'sqrt' }, column), [
    [ARG.source, column],
    [ARG.destination, column],
  ]);
  const scratch = made.room(rows * dim);
  const along = made.room(rows);
  /** a_j·b_j. */
  const dots: Call = (a, b, products) => {
    if (sum === undefined) return multiply(a!, b!, products!);
    multiply(a!, b!, scratch);
    sum(scratch, products!);
  };
  return {
    norms(a, norms) {
      dots(a, a, norms);
      root(norms, norms);
    },
    scaled: scale,
    makeTangential(a, w, inverse) {
      dots(a, w, along);
      // Twice, not squared: the square of the inverse of a short vector overflows.
      scaleColumn(along, inverse, along);
      scaleColumn(along, inverse, along);
      scale(w, along, scratch);
      subtract(a, scratch, a);
    },
    release: () => made.release(),
  };
}

/** Primitives and what they are made of, to be given back. */
class Made {
  readonly #api: OneDnnApi;
  readonly #made: [destroy: (pointer: Pointer) => unknown, pointer: Pointer][] = [];
  /** Memory that the primitives write to. */
  readonly #rooms: ArrayBuffer[] = [];

  constructor(api: OneDnnApi) {
    this.#api = api;
  }

  layout(dims: readonly number[]): Layout {
    return this.#own(this.#api.forget, this.#api.plain(dims));
  }

  /** Memory for so many numbers. */
  room(length: number): Address {
    const room = new ArrayBuffer(Float32Array.BYTES_PER_ELEMENT * length);
    this.#rooms.push(room);
    return Number(this.#api.library.foreign.address(new Uint8Array(room)));
  }

  /** A primitive, as a function of where its arguments lie. */
  primitive(
    description: PrimitiveDescription,
    args: readonly (readonly [argument: number, layout: Layout])[],
  ): Call {
    const { checked, maker, plain, foreign } = this.#api.library;
    const create = maker('int dnnl_primitive_create(_Out_ void **made, void *description)');
    const createMemory = maker(
      'int dnnl_memory_create(_Out_ void **made, void *layout, void *engine, intptr_t handle)',
    );
    const setHandle = checked('int dnnl_memory_set_data_handle(void *memory, intptr_t handle)');
    const execute = checked(
      'int dnnl_primitive_execute(void *primitive, void *stream, int count, void *args)',
    );
    this.#own(this.#api.forgetDescription, description);
    const primitive = this.#own(plain('int dnnl_primitive_destroy(void *primitive)'), create(description));
    const destroyMemory = plain('int dnnl_memory_destroy(void *memory)');
    const workspace = this.#api.layoutOf(description, ARG.scratchpad);
    const all = workspace === undefined ? args : [...args, [ARG.scratchpad, workspace] as const];
    const bytes = Buffer.alloc(ARGUMENT_BYTES * all.length);
    const memories = all.map(([argument, layout], i) => {
      const memory = this.#own(destroyMemory, createMemory(layout, this.#api.engine, 0));
      bytes.writeInt32LE(argument, ARGUMENT_BYTES * i);
      bytes.writeBigUInt64LE(foreign.address(memory), ARGUMENT_BYTES * i + 8);
      return memory;
    });
    if (workspace !== undefined)
      setHandle(memories.at(-1), this.room(Math.ceil(this.#api.bytesOf(workspace) / 4)));
    return (...addresses) => {
      for (const [i, address] of addresses.entries()) setHandle(memories[i], address);
      execute(primitive, this.#api.stream, all.length, bytes);
    };
  }

  release(): void {
    for (const [destroy, pointer] of this.#made.splice(0).reverse()) destroy(pointer);
    this.#rooms.length = 0;
  }

  #own(destroy: (pointer: Pointer) => unknown, pointer: Pointer): Pointer {
    this.#made.push([destroy, pointer]);
    return pointer;
  }
}
