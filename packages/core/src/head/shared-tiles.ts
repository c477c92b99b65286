type FloatArray = Float32Array | Float64Array;

/** X and W, as a head is given them. */
interface Rows {
  readonly embeddings: FloatArray;
  readonly weights: FloatArray;
}

interface KeptTile {
  readonly arrays: readonly FloatArray[];
  /** Which batch it is of. */
  batch: number;
}

/** Default: 64 MiB. */
const MOST_BYTES = 2 ** 26;

/**
 * What heads leave for each other that step over the same embeddings and class centers, one after the other: the products of
 * tiles of classes, which do not depend on the loss. The first head of a backend leaves what it has computed, to the last
 * bit, as far as there is room; the others take it. Memory stays from batch to batch.
 */
export class SharedTiles {
  readonly #tiles: Map<string, KeptTile> = new Map();
  #rows: Rows | undefined;
  #batch = 0;
  #room: number;
  #taken = 0;

  /** @param mostBytes that it may hold */
  constructor(mostBytes: number = MOST_BYTES) {
    this.#room = mostBytes;
  }

  /** The next batch: what was left is forgotten. X and W stay as they are until the last head has seen them. */
  begin({ embeddings, weights }: Rows): this {
    this.#rows = { embeddings, weights };
    this.#batch++;
    return this;
  }

  /** Whether the batch is one of these very arrays; heads that are given others take no part. */
  isOf({ embeddings, weights }: Rows): boolean {
    return this.#rows?.embeddings === embeddings && this.#rows.weights === weights;
  }

  /** How many tiles have been taken. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Copies into `arrays` what has been left under a key; false where there is nothing.
   *
   * @param key all that the arrays depend on beside X and W
   */
  take(key: string, arrays: readonly FloatArray[]): boolean {
    const known = this.#tiles.get(key);
    if (known?.batch !== this.#batch) return false;
    for (const [at, array] of arrays.entries()) array.set(known.arrays[at]!);
    this.#taken++;
    return true;
  }

  /** Keeps a copy, where there is room. */
  leave(key: string, arrays: readonly FloatArray[]): void {
    const known = this.#tiles.get(key);
    if (known?.arrays.every(({ length }, at) => length === arrays[at]!.length)) {
      for (const [at, array] of known.arrays.entries()) array.set(arrays[at]!);
      known.batch = this.#batch;
      return;
    }
    if (known !== undefined) this.#room += bytesOf(known.arrays);
    this.#tiles.delete(key);
    const bytes = bytesOf(arrays);
    if (bytes > this.#room) return;
    this.#room -= bytes;
    this.#tiles.set(key, { arrays: arrays.map((array) => array.slice()), batch: this.#batch });
  }
}

function bytesOf(arrays: readonly FloatArray[]): number {
  return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
