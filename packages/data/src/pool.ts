/** Things that do one piece of work at a time, such as threads, lent to whoever asks first. */
export class Pool<T> {
  readonly #idle: T[];
  readonly #waiting: ((one: T) => void)[] = [];
  readonly #open: () => T | undefined;

  /**
   * @param idle those that are there
   * @param open makes one more where none is idle; `undefined` where there are as many as there may be
   */
  constructor(idle: Iterable<T> = [], open: () => T | undefined = () => undefined) {
    this.#idle = [...idle];
    this.#open = open;
  }

  /** Does some work with one of them, once one is free; whatever comes of it, the next in line has it then. */
  async use<R>(work: (one: T) => Promise<R>): Promise<R> {
    const one =
      this.#idle.pop() ?? this.#open() ?? (await new Promise<T>((resolve) => this.#waiting.push(resolve)));
    try {
      return await work(one);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(one);
      else next(one);
    }
  }

  /** Forgets those that are idle. */
  clear(): void {
    this.#idle.length = 0;
  }
}
