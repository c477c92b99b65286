import { type KernelValue, read, release } from './kernels/kernel-set.ts';

/** Numbers that may wait on the device for being read (64 MiB). */
const WAITING_NUMBERS = 2 ** 24;

interface Waiting {
  readonly value: KernelValue;
  readonly take: (rows: Float32Array[]) => void;
}

/** Collects results on the device and reads them all together, so that kernels are queued without waiting in between. */
export class Readback {
  #waiting: Waiting[] = [];
  #numbers = 0;

  /** Reads `value` later, hands it to `take` and frees it; early where more than 64 MiB wait. */
  async add(value: KernelValue, numbers: number, take: (rows: Float32Array[]) => void): Promise<void> {
    this.#waiting.push({ value, take });
    this.#numbers += numbers;
    if (this.#numbers > WAITING_NUMBERS) await this.drain();
  }

  /** Reads all that wait. */
  async drain(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#numbers = 0;
    try {
      const values = await Promise.all(waiting.map(({ value }) => read(value)));
      for (const [index, { take }] of waiting.entries()) take(values[index] as Float32Array[]);
    } finally {
      for (const { value } of waiting) release(value);
    }
  }

  /** Frees what waits, unread. */
  dispose(): void {
    for (const { value } of this.#waiting) release(value);
    this.#waiting = [];
  }
}
