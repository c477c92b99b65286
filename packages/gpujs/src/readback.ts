import { type KernelValue, read, release } from './kernels/kernel-set.ts';

/** Numbers that may wait on the device for being read (64 MiB). */
const WAITING_NUMBERS = 2 ** 24;

/** Given the numbers of each value that was added together. */
type Take = (...values: Float32Array[][]) => void;

interface Waiting {
  readonly values: readonly KernelValue[];
  readonly take: Take;
}

/** Collects results on the device and reads them all together, so that kernels are queued without waiting in between. */
export class Readback {
  #waiting: Waiting[] = [];
  #numbers = 0;

  /**
   * Reads `values`, `numbers` in all, later, hands them to `take` in the order of these calls, and frees them; early where
   * more than 64 MiB wait.
   */
  async add(values: readonly KernelValue[], numbers: number, take: Take): Promise<void> {
    this.#waiting.push({ values, take });
    this.#numbers += numbers;
    if (this.#numbers > WAITING_NUMBERS) await this.drain();
  }

  /** Reads all that wait. */
  async drain(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#numbers = 0;
    try {
      const numbers = await Promise.all(waiting.map(({ values }) => Promise.all(values.map(read))));
      for (const [index, { take }] of waiting.entries()) take(...(numbers[index] as Float32Array[][]));
    } finally {
      free(waiting);
    }
  }

  /** Frees what waits, unread. */
  dispose(): void {
    free(this.#waiting);
    this.#waiting = [];
  }
}

function free(waiting: readonly Waiting[]): void {
  for (const { values } of waiting) values.forEach(release);
}
