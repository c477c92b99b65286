/** How much of the time of a number of slots went by while nothing filled them. */
export class WaitingClock {
  readonly #slots: number;
  readonly #now: () => number;
  readonly #started: number;
  #last: number;
  #busy = 0;
  /** In slots times milliseconds. */
  #idle = 0;
  #ended: number | undefined;

  /** @param now milliseconds from somewhere */
  constructor(slots: number, now: () => number = () => performance.now()) {
    this.#slots = slots;
    this.#now = now;
    this.#started = now();
    this.#last = this.#started;
  }

  /** One more piece of work than before; what exceeds the slots waits for one. */
  begin(): void {
    this.#pass();
    this.#busy++;
  }

  end(): void {
    this.#pass();
    this.#busy--;
  }

  /** All work has come: slots that are empty from now on wait for nothing. */
  stop(): void {
    this.#pass();
    this.#ended = this.#now();
  }

  /** Of all time so far, 0 to 1. */
  get share(): number {
    this.#pass();
    const all = (this.#now() - this.#started) * this.#slots;
    return all > 0 ? this.#idle / all : 0;
  }

  #pass(): void {
    const now = this.#now();
    if (this.#ended === undefined) this.#idle += (now - this.#last) * Math.max(0, this.#slots - this.#busy);
    this.#last = now;
  }
}
