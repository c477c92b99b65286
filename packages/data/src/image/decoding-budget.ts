/** Bytes that all pictures take that are being decoded at a time, in one process and its threads. */
export const DECODING_BYTES = 512_000_000;

const UNIT = 1024;

/** Of ES2024, which Node has. */
type WaitAsync = (
  cells: Int32Array,
  at: number,
  value: number,
) => { readonly value: Promise<string> | string };

/**
 * Memory that decoders take in turn. Threads share one by its `buffer`.
 *
 * Who has taken something and needs more must give it back first and take the sum, or two could wait for each other.
 */
export class DecodingBudget {
  readonly buffer: SharedArrayBuffer;
  readonly #free: Int32Array;

  /** @param from bytes, or the buffer of a budget of another thread. */
  constructor(from: number | SharedArrayBuffer = DECODING_BYTES) {
    this.buffer = typeof from === 'number' ? new SharedArrayBuffer(4) : from;
    this.#free = new Int32Array(this.buffer);
    if (typeof from === 'number') this.#free[0] = Math.floor(from / UNIT);
  }

  /** Bytes that nobody has taken. */
  get free(): number {
    return Atomics.load(this.#free, 0) * UNIT;
  }

  /** Whether they could be taken at once. */
  tryTake(bytes: number): boolean {
    const units = unitsOf(bytes);
    for (;;) {
      const free = Atomics.load(this.#free, 0);
      if (free < units) return false;
      if (Atomics.compareExchange(this.#free, 0, free, free - units) === free) return true;
    }
  }

  /** Waits for them. @param bytes at most as many as the whole budget has, or it never ends. */
  async take(bytes: number): Promise<void> {
    const waitAsync = (Atomics as unknown as { readonly waitAsync: WaitAsync }).waitAsync;
    while (!this.tryTake(bytes)) {
      const free = Atomics.load(this.#free, 0);
      if (free < unitsOf(bytes)) await waitAsync(this.#free, 0, free).value;
    }
  }

  give(bytes: number): void {
    Atomics.add(this.#free, 0, unitsOf(bytes));
    Atomics.notify(this.#free, 0);
  }
}

function unitsOf(bytes: number): number {
  return Math.ceil(bytes / UNIT);
}

let own: DecodingBudget | undefined;

/** That of this thread: its own, until it is given another's. */
export function decodingBudget(): DecodingBudget {
  own ??= new DecodingBudget();
  return own;
}

/** Has a worker thread take from the budget of the thread that started it. */
export function shareDecodingBudget(buffer: SharedArrayBuffer): void {
  own = new DecodingBudget(buffer);
}
