import { floatBytes, signed, unsigned } from './encoding.ts';

/** Index of a local variable of a WebAssembly function. */
export type Local = number & { readonly local: unique symbol };

export type ValueType = 'i32' | 'v128';

/** Instructions without immediates: operands in, one result out. Names are those of the WebAssembly text format. */
const OPERATIONS = {
  'i32.lt_u': [0x49],
  'i32.add': [0x6a],
  'i32.and': [0x71],
  'i32.or': [0x72],
  'i32.shl': [0x74],
  'i32x4.splat': [0xfd, 0x11],
  'i32x4.gt_s': [0xfd, 0x3b],
  'f32x4.lt': [0xfd, 0x43],
  'f32x4.gt': [0xfd, 0x44],
  'v128.not': [0xfd, 0x4d],
  'v128.and': [0xfd, 0x4e],
  'v128.andnot': [0xfd, 0x4f],
  'v128.or': [0xfd, 0x50],
  'v128.xor': [0xfd, 0x51],
  'v128.bitselect': [0xfd, 0x52],
  'i32x4.shl': [0xfd, 0xab, 0x01],
  'i32x4.shr_s': [0xfd, 0xac, 0x01],
  'i32x4.add': [0xfd, 0xae, 0x01],
  'i32x4.sub': [0xfd, 0xb1, 0x01],
  'f32x4.abs': [0xfd, 0xe0, 0x01],
  'f32x4.neg': [0xfd, 0xe1, 0x01],
  'f32x4.sqrt': [0xfd, 0xe3, 0x01],
  'f32x4.add': [0xfd, 0xe4, 0x01],
  'f32x4.sub': [0xfd, 0xe5, 0x01],
  'f32x4.mul': [0xfd, 0xe6, 0x01],
  'f32x4.div': [0xfd, 0xe7, 0x01],
  'f32x4.min': [0xfd, 0xe8, 0x01],
  'f32x4.max': [0xfd, 0xe9, 0x01],
  'f32x4.pmin': [0xfd, 0xea, 0x01],
  'f32x4.pmax': [0xfd, 0xeb, 0x01],
  'f32x4.convert_i32x4_s': [0xfd, 0xfa, 0x01],
  'f32x4.relaxed_madd': [0xfd, 0x85, 0x02],
  'f32x4.relaxed_nmadd': [0xfd, 0x86, 0x02],
} as const;

const FOLDS = { 'f32.add': 0x92, 'f32.min': 0x96, 'f32.max': 0x97 } as const;

export type Operation = keyof typeof OPERATIONS;

const VALUE_TYPES: Readonly<Record<ValueType, number>> = { i32: 0x7f, v128: 0x7b };
const NO_RESULT = 0x40;

/** Writes the body of a WebAssembly function, one local variable a value. */
export class FunctionWriter {
  readonly parameters: number;
  readonly #fused: boolean;
  readonly #locals: ValueType[] = [];
  readonly #code: number[] = [];
  /** Constants, set once at the start: in a loop, the compiler would build each of them anew every time. */
  readonly #constants: number[] = [];
  readonly #known: Map<string, Local> = new Map();

  /**
   * @param parameters number of the parameters, i32 each: locals 0, 1, …
   * @param options `fused`: with instructions of relaxed SIMD.
   */
  constructor(parameters: number, options: { readonly fused?: boolean } = {}) {
    this.parameters = parameters;
    this.#fused = options.fused ?? false;
  }

  parameter(index: number): Local {
    return index as Local;
  }

  /** The result of an operation, in a local of its own. */
  value(operation: Operation, ...operands: readonly Local[]): Local {
    this.#operate(operation, operands);
    return this.#keep(operation.startsWith('i32.') ? 'i32' : 'v128');
  }

  /** Puts the result of an operation into a local that is there already. */
  assign(target: Local, operation: Operation, ...operands: readonly Local[]): void {
    this.#operate(operation, operands);
    this.#code.push(0x21, ...unsigned(target));
  }

  /** a·b + c, rounded once where fused. */
  multiplyAdd(a: Local, b: Local, c: Local): Local {
    if (this.#fused) return this.value('f32x4.relaxed_madd', a, b, c);
    return this.value('f32x4.add', this.value('f32x4.mul', a, b), c);
  }

  /** c − a·b, rounded once where fused. */
  subtractProduct(c: Local, a: Local, b: Local): Local {
    if (this.#fused) return this.value('f32x4.relaxed_nmadd', a, b, c);
    return this.value('f32x4.sub', c, this.value('f32x4.mul', a, b));
  }

  int(value: number): Local {
    this.#code.push(0x41, ...signed(value));
    return this.#keep('i32');
  }

  /** The same float32 in four lanes. Not to be assigned to. */
  floats(value: number): Local {
    const lane = floatBytes(value);
    return this.#constant([...lane, ...lane, ...lane, ...lane]);
  }

  /** Four zeros, to be assigned to. */
  zeros(): Local {
    this.#code.push(0xfd, 0x0c, ...Array<number>(16).fill(0));
    return this.#keep('v128');
  }

  /** Four int32. Not to be assigned to. */
  ints(values: readonly [number, number, number, number]): Local {
    return this.#constant([...new Uint8Array(Int32Array.from(values).buffer)]);
  }

  load(address: Local, offset: number = 0): Local {
    this.#code.push(0x20, ...unsigned(address), 0xfd, 0x00, 2, ...unsigned(offset));
    return this.#keep('v128');
  }

  /** One float32 in four lanes. */
  loadSplat(address: Local, offset: number = 0): Local {
    this.#code.push(0x20, ...unsigned(address), 0xfd, 0x09, 2, ...unsigned(offset));
    return this.#keep('v128');
  }

  store(address: Local, value: Local, offset: number = 0): void {
    this.#code.push(0x20, ...unsigned(address), 0x20, ...unsigned(value));
    this.#code.push(0xfd, 0x0b, 2, ...unsigned(offset));
  }

  /** Stores one lane of four. */
  storeLane(address: Local, value: Local, lane: number): void {
    this.#code.push(0x20, ...unsigned(address), 0x20, ...unsigned(value));
    this.#code.push(0xfd, 0x5a, 2, ...unsigned(lane * Float32Array.BYTES_PER_ELEMENT), lane);
  }

  /** Puts the float32 at an address and the four lanes together, into that address. */
  foldLanes(fold: 'f32.add' | 'f32.min' | 'f32.max', address: Local, lanes: Local, offset: number): void {
    this.#code.push(0x20, ...unsigned(address), 0x20, ...unsigned(address), 0x2a, 2, ...unsigned(offset));
    for (const lane of [0, 1, 2, 3]) {
      this.#code.push(0x20, ...unsigned(lanes), 0xfd, 0x1f, lane, FOLDS[fold]);
    }
    this.#code.push(0x38, 2, ...unsigned(offset));
  }

  /** Runs the body while `from` < `to`, unsigned. */
  whileBelow(from: Local, to: Local, body: () => void): void {
    this.#code.push(0x02, NO_RESULT, 0x03, NO_RESULT);
    // Out of the block, unless from < to.
    this.#operate('i32.lt_u', [from, to]);
    this.#code.push(0x45, 0x0d, 1);
    body();
    this.#code.push(0x0c, 0, 0x0b, 0x0b);
  }

  /** Runs the body if the i32 is not 0. */
  when(condition: Local, body: () => void): void {
    this.#code.push(0x20, ...unsigned(condition), 0x04, NO_RESULT);
    body();
    this.#code.push(0x0b);
  }

  /** Locals and instructions, as a code section holds them. */
  encode(): number[] {
    const groups = this.#locals.map((type) => [1, VALUE_TYPES[type]]);
    return [...unsigned(groups.length), ...groups.flat(), ...this.#constants, ...this.#code, 0x0b];
  }

  #operate(operation: Operation, operands: readonly Local[]): void {
    for (const operand of operands) this.#code.push(0x20, ...unsigned(operand));
    this.#code.push(...OPERATIONS[operation]);
  }

  #constant(bytes: readonly number[]): Local {
    const key = bytes.join();
    let local = this.#known.get(key);
    if (local === undefined) {
      local = this.#local('v128');
      this.#constants.push(0xfd, 0x0c, ...bytes, 0x21, ...unsigned(local));
      this.#known.set(key, local);
    }
    return local;
  }

  #keep(type: ValueType): Local {
    const local = this.#local(type);
    this.#code.push(0x21, ...unsigned(local));
    return local;
  }

  #local(type: ValueType): Local {
    return (this.parameters + this.#locals.push(type) - 1) as Local;
  }
}
