import { rowMajorStrides } from '../../model/dims.ts';
import { ARG, type BinaryKind, type Layout, type OneDnnApi, type PrimitiveDescription } from './api.ts';
import { type Operation, Program, type Stop } from './program.ts';
import { planMemory, Storage, type TakeOver, type Value } from './storage.ts';

/** Positions of an axis. */
export interface AxisPart {
  readonly start: number;
  readonly size: number;
}

/** Writes a sequence of primitives over values, before there is memory for them. */
export class ProgramWriter {
  readonly api: OneDnnApi;
  readonly #operations: Operation[] = [];
  readonly #storages: Storage[] = [];
  readonly #takeOvers: TakeOver[] = [];
  readonly #stops: Stop[] = [];
  /** What values became in other layouts. */
  readonly #reordered: Map<Value, Value[]> = new Map();
  /** To be given back with the program. */
  readonly #layouts: Layout[] = [];
  /** The same, though they are not run. */
  readonly #hints: PrimitiveDescription[] = [];
  readonly #keepsAll: boolean;
  /** How values are computed again that are not kept for the way back. */
  readonly #recipes: Map<Value, () => Value> = new Map();
  readonly #again: Map<Value, Value> = new Map();

  /** @param keepsAll whether what is cheap to compute is kept for the way back as well */
  constructor(api: OneDnnApi, keepsAll: boolean) {
    const taken = (layout: Layout): Layout => {
      this.#layouts.push(layout);
      return layout;
    };
    this.api = {
      ...api,
      // A number alone is a vector of one: oneDNN takes a layout without axes for no tensor at all.
      plain: (dims, strides) => taken(dims.length === 0 ? api.plain([1]) : api.plain(dims, strides)),
      any: (dims) => taken(api.any(dims)),
      blocked: (...args) => {
        const layout = api.blocked(...args);
        return layout && taken(layout);
      },
    };
    this.#keepsAll = keepsAll;
  }

  /** Says how a value is computed again, from others that are kept. */
  recipe(value: Value, write: () => Value): void {
    if (!this.#keepsAll) this.#recipes.set(value, write);
  }

  /** On the way back: a value of the way forward, kept or computed again. */
  again(value: Value): Value {
    const recipe = this.#recipes.get(value);
    if (recipe === undefined) return value;
    const known = this.#again.get(value) ?? recipe();
    this.#again.set(value, known);
    return known;
  }

  /** Position of the next operation. */
  get position(): number {
    return this.#operations.length;
  }

  /** A tensor of the program's own. */
  value(layout: Layout, dims: readonly number[]): Value {
    const value = { storage: new Storage(this.api.bytesOf(layout), false), layout, dims };
    this.#storages.push(value.storage);
    return value;
  }

  /** A tensor in memory of the caller's. @param strides row-major by default */
  external(dims: readonly number[], strides?: readonly number[]): Value {
    const layout = this.api.plain(dims, strides);
    return { storage: new Storage(this.api.bytesOf(layout), true), layout, dims };
  }

  /** The same memory, read in another way. @param strides row-major by default */
  view({ storage, offset = 0 }: Value, dims: readonly number[], strides?: readonly number[]): Value {
    return { storage, layout: this.api.plain(dims, strides), dims, offset };
  }

  /**
   * x [N, C, …] as one sample with N·C channels, in place; `undefined` where it does not lie so, or nobody knows how it
   * lies.
   */
  samplesAsChannels(x: Value): Value | undefined {
    const [samples, channels, ...spatial] = x.dims as readonly [number, number, ...number[]];
    const { plain, blocked, areEqual } = this.api;
    const dims = [1, samples * channels, ...spatial];
    if (areEqual(plain(x.dims), x.layout)) return this.view(x, dims);
    for (const width of [16, 8] as const) {
      const own = channels % width === 0 ? blocked(x.dims, width) : undefined;
      if (own !== undefined && areEqual(own, x.layout)) return { ...x, layout: blocked(dims, width)!, dims };
    }
    return undefined;
  }

  /** Some positions of an axis of a row-major tensor of the program's own, in place. */
  part(whole: Value, axis: number, { start, size }: AxisPart): Value {
    const strides = rowMajorStrides(whole.dims);
    const dims = whole.dims.map((length, i) => (i === axis ? size : length));
    const part = this.view(whole, dims, strides);
    return { ...part, offset: (whole.offset ?? 0) + 4 * start * strides[axis]! };
  }

  /** A description that others are made by, and that does not run itself. */
  hint(description: PrimitiveDescription): PrimitiveDescription {
    this.#hints.push(description);
    return description;
  }

  /** Adds a primitive. @param overwrites a source whose memory the result may take over, and the result */
  run(
    description: PrimitiveDescription,
    args: readonly (readonly [argument: number, value: Value | undefined])[],
    overwrites?: readonly [source: Value, result: Value],
  ): void {
    const given = args.filter((arg): arg is readonly [number, Value] => arg[1] !== undefined);
    for (const [, { storage }] of given) storage.touch(this.position);
    if (overwrites !== undefined) {
      const [source, result] = overwrites;
      this.#takeOvers.push({ operation: this.position, source: source.storage, result: result.storage });
    }
    this.#operations.push({ description, args: given });
  }

  /** Lets the host have its turn before the next operation. @param values of the program's own that it reads or writes */
  stop(values: readonly Value[], run: Stop['run']): void {
    for (const { storage } of values) storage.touch(this.position);
    this.#stops.push({ position: this.position, run });
  }

  /** The value in a layout: itself where it lies so already. */
  as(value: Value, layout: Layout): Value {
    const { areEqual, reorder } = this.api;
    if (areEqual(value.layout, layout)) return value;
    const known = this.#reordered.get(value) ?? [];
    const found = known.find((other) => areEqual(other.layout, layout));
    if (found !== undefined) return found;
    const result = this.value(layout, value.dims);
    this.copy(value, result, reorder(value.layout, layout));
    this.#reordered.set(value, [...known, result]);
    this.recipe(result, () => this.as(this.again(value), layout));
    return result;
  }

  /** Copies a value to where another is. */
  copy(from: Value, to: Value, description: Layout = this.api.reorder(from.layout, to.layout)): void {
    this.run(description, [
      [ARG.source, from],
      [ARG.destination, to],
    ]);
  }

  /** The value row-major. */
  rowMajor(value: Value): Value {
    return this.as(value, this.api.plain(value.dims));
  }

  /** a + b, in the layout of a; writes over a where nobody reads it later. */
  sum(a: Value, b: Value): Value {
    return this.combined('add', a, this.as(b, a.layout), true);
  }

  /**
   * a and b, number by number, in the layout of a; b is repeated along axes where its size is 1.
   *
   * @param overwrites whether the result may take over the memory of a
   */
  combined(kind: BinaryKind, a: Value, b: Value, overwrites: boolean = false): Value {
    const result = this.value(a.layout, a.dims);
    this.run(
      this.api.binary(kind, a.layout, b.layout, result.layout),
      [
        [ARG.source, a],
        [ARG.source1, b],
        [ARG.destination, result],
      ],
      overwrites ? [a, result] : undefined,
    );
    return result;
  }

  /** factor · x; writes over x where nobody reads it later. */
  scaled(x: Value, factor: number): Value {
    const result = this.value(x.layout, x.dims);
    this.run(
      this.api.elementwise({ kind: 'linear', alpha: factor }, x.layout),
      [
        [ARG.source, x],
        [ARG.destination, result],
      ],
      [x, result],
    );
    return result;
  }

  /** Bytes that the program would compute in; it is not to be written on, or finished, afterwards. */
  bytes(): number {
    const bytes = planMemory(this.#storages, this.#takeOvers);
    const described = this.#operations.map(({ description }) => description);
    for (const description of new Set([...this.#hints, ...described]))
      this.api.forgetDescription(description);
    for (const layout of this.#layouts) this.api.forget(layout);
    return bytes;
  }

  /** Plans memory, and makes it and the primitives. */
  finish(): Program {
    return new Program(this.api, this.#operations, {
      storages: this.#storages,
      takeOvers: this.#takeOvers,
      layouts: this.#layouts,
      hints: this.#hints,
      stops: this.#stops,
    });
  }
}
