import { ARG, type Layout, type OneDnnApi, type PrimitiveDescription } from './api.ts';
import { Arena } from './arena.ts';
import type { Pointer } from './foreign-functions.ts';
import { othersTurn, PATIENCE } from './others-turn.ts';
import { planMemory, type Storage, type TakeOver, type Value } from './storage.ts';

/** One primitive, and what it reads and writes by the numbers of its arguments. */
export interface Operation {
  readonly description: PrimitiveDescription;
  readonly args: readonly (readonly [argument: number, value: Value])[];
}

/** Where the host has its turn in a program: before the operation of a position. */
export interface Stop {
  readonly position: number;
  /** The next operation waits for a promise, and for nothing else. */
  run(program: Program): void | Promise<void>;
}

/** What the operations of a program are about. */
export interface ProgramParts {
  readonly storages: readonly Storage[];
  readonly takeOvers: readonly TakeOver[];
  /** To be given back with the program. */
  readonly layouts: readonly Layout[];
  readonly hints: readonly PrimitiveDescription[];
  /** In their order. */
  readonly stops: readonly Stop[];
}

/** A primitive with its arguments in place. */
interface Call {
  readonly primitive: Pointer;
  readonly count: number;
  /** `dnnl_exec_arg_t[]`: an int and a pointer each. */
  readonly args: Buffer;
}

const ARGUMENT_BYTES = 16;

/** A sequence of primitives with the memory that it computes in. */
export class Program {
  readonly #api: OneDnnApi;
  readonly #arena: Arena;
  readonly #calls: readonly Call[];
  readonly #stops: readonly Stop[];
  readonly #execute: (...args: readonly unknown[]) => void;
  readonly #setHandle: (...args: readonly unknown[]) => void;
  readonly #externals: Map<Storage, Pointer[]> = new Map();
  readonly #made: [destroy: (pointer: Pointer) => unknown, pointer: Pointer][] = [];

  constructor(
    api: OneDnnApi,
    operations: readonly Operation[],
    { storages, takeOvers, layouts, hints, stops }: ProgramParts,
  ) {
    this.#stops = stops;
    const { checked, maker, plain } = api.library;
    this.#api = api;
    this.#execute = checked(
      'int dnnl_primitive_execute(void *primitive, void *stream, int count, void *args)',
    );
    this.#setHandle = checked('int dnnl_memory_set_data_handle(void *memory, void *handle)');
    const create = maker('int dnnl_primitive_create(_Out_ void **made, void *description)');
    const destroyPrimitive = plain('int dnnl_primitive_destroy(void *primitive)');
    const destroyMemory = plain('int dnnl_memory_destroy(void *memory)');
    const createMemory = maker(
      'int dnnl_memory_create(_Out_ void **made, void *layout, void *engine, intptr_t handle)',
    );
    for (const description of new Set([...hints, ...operations.map((operation) => operation.description)]))
      this.#made.push([api.forgetDescription, description]);
    for (const layout of layouts) this.#made.push([api.forget, layout]);
    const scratchpads = operations.map(({ description }) => api.layoutOf(description, ARG.scratchpad));
    const scratch = Math.max(
      0,
      ...scratchpads.map((layout) => (layout === undefined ? 0 : api.bytesOf(layout))),
    );
    const planned = planMemory(storages, takeOvers);
    this.#arena = new Arena(api, planned + scratch);
    const memoryAt = (layout: Pointer, address: bigint): Pointer => {
      const memory = createMemory(layout, api.engine, address);
      this.#made.push([destroyMemory, memory]);
      return memory;
    };
    const memories = new Map<Value, Pointer>();
    const memoryOf = (value: Value): Pointer => {
      const known = memories.get(value);
      if (known !== undefined) return known;
      const { storage } = value;
      const address = storage.isExternal
        ? 0n
        : this.#arena.address + BigInt(storage.root().offset + (value.offset ?? 0));
      const memory = memoryAt(value.layout, address);
      memories.set(value, memory);
      if (storage.isExternal) this.#externals.set(storage, [...(this.#externals.get(storage) ?? []), memory]);
      return memory;
    };
    const call = ({ description, args }: Operation, i: number): Call => {
      const primitive = create(description);
      this.#made.push([destroyPrimitive, primitive]);
      const all = args.map(([argument, value]) => [argument, memoryOf(value)] as const);
      const scratchpad = scratchpads[i];
      if (scratchpad !== undefined)
        all.push([ARG.scratchpad, memoryAt(scratchpad, this.#arena.address + BigInt(planned))]);
      return { primitive, count: all.length, args: argumentsOf(api, all) };
    };
    try {
      this.#calls = operations.map(call);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Bytes of what it computes in. */
  get bytes(): number {
    return this.#arena.bytes;
  }

  /** Says where a tensor of the caller's lies from here on. */
  hand(value: Value, data: Float32Array): void {
    for (const memory of this.#externals.get(value.storage) ?? []) this.#setHandle(memory, data);
  }

  /** The numbers of a row-major tensor of the program's own, in place; the next operations may write over them. */
  numbers({ storage }: Value, length: number): Float32Array {
    return new Float32Array(this.#arena.view(storage.root().offset, length * Float32Array.BYTES_PER_ELEMENT));
  }

  /**
   * Runs the operations from one position to before another, and the stops before each of them. Other work of the process
   * goes on in between.
   *
   * @param prepare sets what other programs of the process may have set otherwise: at the start, and after every pause
   * @param further stops of this run, after those of the program, in their order
   */
  async run(
    from: number,
    to: number,
    prepare: () => void = () => {},
    further: readonly Stop[] = [],
  ): Promise<void> {
    const stops = [...this.#stops, ...further].sort((a, b) => a.position - b.position);
    prepare();
    let since = performance.now();
    const { undisturbed } = this.#api.library;
    const began = (): void => {
      prepare();
      since = performance.now();
    };
    for (let next = from; next < to; ) {
      for (const stop of stops) {
        if (stop.position !== next) continue;
        const waits = stop.run(this);
        if (waits === undefined) continue;
        await waits;
        began();
      }
      const end = stops.find(({ position }) => position > next && position < to)?.position ?? to;
      undisturbed(() => {
        do {
          const { primitive, count, args } = this.#calls[next++]!;
          this.#execute(primitive, this.#api.stream, count, args);
        } while (next < end && performance.now() - since < PATIENCE);
      });
      if (next >= to) return;
      if (performance.now() - since < PATIENCE) continue;
      await othersTurn();
      began();
    }
  }

  /** Gives everything back. */
  release(): void {
    for (const [destroy, pointer] of this.#made.splice(0).reverse()) destroy(pointer);
    this.#arena.release();
  }
}

function argumentsOf(
  api: OneDnnApi,
  args: readonly (readonly [argument: number, memory: Pointer])[],
): Buffer {
  const bytes = Buffer.alloc(ARGUMENT_BYTES * args.length);
  args.forEach(([argument, memory], i) => {
    bytes.writeInt32LE(argument, ARGUMENT_BYTES * i);
    bytes.writeBigUInt64LE(api.library.foreign.address(memory), ARGUMENT_BYTES * i + 8);
  });
  return bytes;
}
