import type { Layout } from './api.ts';

/** Memory of tensors from the first operation that touches it to the last. */
export class Storage {
  readonly bytes: number;
  /** Whether it is memory of the caller's, handed over before each run. */
  readonly isExternal: boolean;
  /** Positions of the first and the last operation that touch it; none yet where they are crossed. */
  first: number = Number.POSITIVE_INFINITY;
  last: number = Number.NEGATIVE_INFINITY;
  /** Whose memory it takes over, where an operation writes over what nobody reads any more. */
  host: Storage | undefined = undefined;
  /** Bytes from the start of the arena. */
  offset: number = 0;

  constructor(bytes: number, isExternal: boolean) {
    this.bytes = bytes;
    this.isExternal = isExternal;
  }

  touch(operation: number): void {
    this.first = Math.min(this.first, operation);
    this.last = Math.max(this.last, operation);
  }

  /** The storage whose memory this is. */
  root(): Storage {
    return this.host === undefined ? this : this.host.root();
  }
}

/** A tensor as an operation sees it: memory, and how it is read. */
export interface Value {
  readonly storage: Storage;
  readonly layout: Layout;
  readonly dims: readonly number[];
  /** Bytes from the start of its storage, for a part of a tensor; 0 by default. */
  readonly offset?: number;
}

/** An operation whose result may take over the memory of one of its sources. */
export interface TakeOver {
  readonly operation: number;
  readonly source: Storage;
  readonly result: Storage;
}

/** Storages start at multiples of this many bytes. */
const ALIGNMENT = 256;

/**
 * Gives every storage its place in one arena, so that those that live at the same time do not overlap.
 *
 * @returns bytes of the arena
 */
export function planMemory(storages: readonly Storage[], takeOvers: readonly TakeOver[]): number {
  for (const { operation, source, result } of takeOvers) {
    const host = source.root();
    const isFree = !host.isExternal && !result.isExternal && host !== result.root();
    if (!isFree || host.last !== operation || result.first !== operation || host.bytes !== result.bytes)
      continue;
    result.host = host;
    host.last = result.last;
  }
  const placed: Storage[] = [];
  const own = storages.filter((one) => !one.isExternal && one.host === undefined && one.last >= 0);
  let bytes = 0;
  for (const storage of own.sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    const others = placed.filter((other) => other.first <= storage.last && storage.first <= other.last);
    let offset = 0;
    for (const other of others.sort((a, b) => a.offset - b.offset)) {
      if (offset + storage.bytes <= other.offset) break;
      offset = Math.max(offset, aligned(other.offset + other.bytes));
    }
    storage.offset = offset;
    placed.push(storage);
    bytes = Math.max(bytes, aligned(offset + storage.bytes));
  }
  return bytes;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
