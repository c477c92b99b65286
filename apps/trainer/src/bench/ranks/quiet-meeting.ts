import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const PAUSE_MS = 2;

/**
 * Where ranks of one machine wait for each other without taking a core: those that wait in MPI ask again and again, and take
 * the time of those that are measured.
 */
export class QuietMeeting {
  readonly #folder: string;
  readonly #rank: number;
  readonly #size: number;
  #count = 0;

  /** @param folder that all of them see, empty of meetings */
  constructor(folder: string, rank: number, size: number) {
    this.#folder = folder;
    this.#rank = rank;
    this.#size = size;
  }

  /** Resolves once all have come. All ranks call it equally often. */
  async meet(): Promise<void> {
    const file = (rank: number): string => join(this.#folder, `meeting-${this.#count}-${rank}`);
    await writeFile(file(this.#rank), '');
    for (let rank = 0; rank < this.#size; rank++) while (!existsSync(file(rank))) await setTimeout(PAUSE_MS);
    this.#count++;
  }
}
