import { BackendError } from '@cf/core';

/** Lets one asynchronous call through at a time, until the end. */
export class Turns {
  #state: 'idle' | 'busy' | 'ended' = 'idle';

  /** @throws BackendError while a call is under way, and after the end */
  requireIdle(call: string): void {
    if (this.#state === 'ended') throw outOfOrder(call, 'a session that is not disposed');
    if (this.#state === 'busy') throw outOfOrder(call, 'that the pass before it has ended');
  }

  async take<T>(call: string, pass: () => Promise<T>): Promise<T> {
    this.requireIdle(call);
    this.#state = 'busy';
    try {
      return await pass();
    } finally {
      this.#state = 'idle';
    }
  }

  /** Lets nothing through any more; returns false where that is so already. */
  end(call: string): boolean {
    if (this.#state === 'ended') return false;
    this.requireIdle(call);
    this.#state = 'ended';
    return true;
  }
}

export function outOfOrder(call: string, expected: string): BackendError {
  return new BackendError(`${call}()`, expected, 'await forward, backward and update one after the other.');
}
