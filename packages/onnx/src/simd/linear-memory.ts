import { OptionOutOfRangeError } from '@cf/core';
import { MOST_PAGES } from './wasm-module.ts';

const PAGE = 65_536;
/** What 32-bit addresses reach. */
const LARGEST = 65_535 * PAGE;
const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Kernels read up to three numbers past an array, and unaligned rows are slow: arrays start 64 bytes apart. */
const GAP = 16;

/** float32 arrays in the memory of WebAssembly, which grows and keeps what is written there. */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  /** Whether threads can share it. */
  readonly shared: boolean;

  constructor(shared: boolean = false) {
    this.shared = shared;
    const limits = shared ? { initial: 1, maximum: MOST_PAGES, shared } : { initial: 1 };
    this.memory = new WebAssembly.Memory(limits);
  }

  /**
   * Room for as many numbers as all the lengths together; returns the first byte of each. Ends the use of arrays that
   * were viewed before.
   */
  layout(lengths: readonly number[]): readonly number[] {
    let next = 0;
    const starts = lengths.map((length) => {
      const start = next;
      next += (Math.ceil(length / GAP) + 1) * GAP * BYTES;
      return start;
    });
    const missing = Math.ceil((next - this.memory.buffer.byteLength) / PAGE);
    if (missing > 0) {
      if (next > LARGEST)
        throw new OptionOutOfRangeError(
          'keepBytes',
          next,
          'at most 4 GiB with what a tile needs',
          "lower keepBytes or tileSize, or open the backend with elementwise: 'graph'.",
        );
      this.memory.grow(missing);
    }
    return starts;
  }

  view(start: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.memory.buffer as ArrayBuffer, start, length);
  }
}
