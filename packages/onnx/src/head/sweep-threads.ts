import { BackendError, reasonOf } from '@cf/core';
import { JOB, KERNEL_FUNCTIONS, type KernelFunctions, MOST_PARTS, sweepParts } from './sweep-rows.ts';

/** What is used of `node:worker_threads`. */
interface ThreadsModule {
  readonly Worker: new (
    source: string,
    options: object,
  ) => {
    on(event: 'error' | 'message', listener: (told: unknown) => void): void;
    unref(): void;
    terminate(): Promise<unknown>;
  };
}

type Thread = InstanceType<ThreadsModule['Worker']>;

/** Threads of Node; undefined elsewhere. Nothing is imported, so that browsers load this package too. */
export function threadsModule(): ThreadsModule | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: string) => ThreadsModule | undefined };
  };
  return process?.getBuiltinModule?.('node:worker_threads');
}

/** Looks at what is done, or to do, before a thread goes to sleep: some 50 µs. */
const LOOKS = 10_000;

const SOURCE = `
const { parentPort, workerData } = require('node:worker_threads');
const { module, memory, job, names, thread, threads, program, numbers, tile: first } = workerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
const functions = names.map((name) => exports[name]);
const sweepParts = ${sweepParts.toString()};
const serve = async () => {
  const runTile = program && (await (await import(program.url)).open(program.data));
  parentPort.postMessage('ready');
  for (let turn = 0, tile = first; ; ) {
    for (let looks = 0; looks < ${LOOKS} && Atomics.load(job, ${JOB.turn}) === turn; looks++);
    Atomics.wait(job, ${JOB.turn}, turn);
    turn = Atomics.load(job, ${JOB.turn});
    if (Atomics.load(job, ${JOB.tile}) === tile) {
      sweepParts(job, functions);
      continue;
    }
    tile = Atomics.load(job, ${JOB.tile});
    runTile(numbers, thread, threads);
    Atomics.add(job, ${JOB.done}, 1);
    Atomics.notify(job, ${JOB.done});
  }
};
serve().catch((error) => {
  Atomics.store(job, ${JOB.failed}, 1);
  Atomics.notify(job, ${JOB.done});
  throw error;
});`;

/** What threads run to share the work on a tile. */
export interface TileProgram {
  /** A module that exports `open`, which makes of the data a {@link RunTile}. */
  readonly url: string;
  readonly data: unknown;
}

/** Computes a thread's part of the work that `numbers` tell. */
export type RunTile = (numbers: Float64Array, thread: number, threads: number) => void;

/** Numbers that tell the work on a tile, at most. */
const MOST_NUMBERS = 64;

/** Fewer logits are swept before a thread has woken up. */
const LEAST_LOGITS = 2 ** 16;
const LOOK_AGAIN_MS = 5;

/** What is swept: the numbers of a {@link JOB}. */
export type SweepJob = Readonly<
  Record<Exclude<keyof typeof JOB, 'turn' | 'next' | 'done' | 'own' | 'function' | 'failed' | 'tile'>, number>
>;

export interface SweepThreadsOptions {
  readonly functions: KernelFunctions;
  readonly module: WebAssembly.Module;
  /** Shared, where there are helpers. */
  readonly memory: WebAssembly.Memory;
  /** Threads beside the one that asks. */
  readonly helpers: number;
  /** What they can also run. */
  readonly program?: TileProgram | undefined;
}

/** Sweeps over the rows of a tile, with threads that help where there are some. They start with the first large tile. */
export class SweepThreads {
  readonly #options: SweepThreadsOptions;
  readonly #functions: KernelFunctions[keyof KernelFunctions][];
  readonly #numbers: Float64Array = new Float64Array(
    sharedBytes(MOST_NUMBERS * Float64Array.BYTES_PER_ELEMENT),
  );
  #job: Int32Array;
  #threads: Thread[] = [];
  /** When all of them have loaded what they run. */
  #ready: Promise<void> | 'now' | undefined;
  #failure: unknown;

  constructor(options: SweepThreadsOptions) {
    this.#options = options;
    this.#functions = KERNEL_FUNCTIONS.map((name) => options.functions[name]);
    this.#job = newJob(0);
  }

  /** How many threads sweep. */
  get count(): number {
    return 1 + this.#options.helpers;
  }

  /**
   * Runs a function of the kernel over every sample's negatives, in parts of neighbouring samples.
   *
   * @param own where each sample's own class is among those of the tile, or outside of them.
   * @param meanwhile done by the thread that asks, before it sweeps too.
   * @throws BackendError where a thread has failed
   */
  run(
    name: keyof KernelFunctions,
    job: SweepJob,
    own: (sample: number) => number,
    meanwhile?: () => void,
  ): void {
    this.#makeRoom(job.batch);
    const numbers = this.#job;
    for (const [key, value] of Object.entries(job)) numbers[JOB[key as keyof SweepJob]] = value;
    numbers[JOB.function] = KERNEL_FUNCTIONS.indexOf(name);
    for (let i = 0; i < job.batch; i++) {
      const at = own(i);
      numbers[JOB.own + i] = at >= 0 && at < job.count ? at : -1;
    }
    Atomics.store(numbers, JOB.done, 0);
    Atomics.store(numbers, JOB.next, 0);
    if (this.#options.helpers > 0 && job.batch * job.count >= LEAST_LOGITS) this.#wake();
    meanwhile?.();
    sweepParts(numbers, this.#functions);
    this.#join(numbers, MOST_PARTS);
  }

  /**
   * Starts threads, whose modules the thread that asks may have to help load: it must not wait for them otherwise.
   *
   * @returns when tiles of so many samples can be run; `undefined` where they can at once
   * @throws BackendError where a thread fails
   */
  prepareTiles(batch: number): Promise<void> | undefined {
    this.#makeRoom(batch);
    if (this.#options.helpers === 0) return undefined;
    this.#start();
    return this.#ready === 'now' ? undefined : this.#ready;
  }

  #makeRoom(batch: number): void {
    if (this.#job.length >= JOB.own + batch) return;
    this.dispose();
    this.#job = newJob(batch);
  }

  /**
   * Runs the program of the options on every thread; when it returns, all of them are done. Only when they are prepared.
   *
   * @param own the part of the thread that asks
   * @throws BackendError where a thread has failed
   */
  runTile(numbers: readonly number[], own: RunTile): void {
    this.#numbers.set(numbers);
    const { helpers } = this.#options;
    if (helpers > 0) {
      Atomics.store(this.#job, JOB.done, 0);
      Atomics.add(this.#job, JOB.tile, 1);
      this.#wake();
    }
    own(this.#numbers, 0, this.count);
    if (helpers > 0) this.#join(this.#job, helpers);
  }

  #wake(): void {
    this.#start();
    Atomics.add(this.#job, JOB.turn, 1);
    Atomics.notify(this.#job, JOB.turn);
  }

  /** Ends the threads; the next large tile starts them again. */
  dispose(): void {
    for (const thread of this.#threads) void thread.terminate();
    this.#threads = [];
    this.#ready = undefined;
  }

  #start(): void {
    if (this.#failure !== undefined) throw failed(this.#failure);
    const { module, memory, helpers, program } = this.#options;
    const { Worker } = threadsModule()!;
    const starting: Promise<void>[] = [];
    while (this.#threads.length < helpers) {
      const ofThread = {
        thread: this.#threads.length + 1,
        // Threads that start know which tile is not theirs.
        tile: this.#job[JOB.tile],
        threads: this.count,
        program,
        numbers: this.#numbers,
      };
      const thread = new Worker(SOURCE, {
        eval: true,
        execArgv: [],
        // What a thread leaves behind is small: it need not wait in 16 MiB to be collected.
        resourceLimits: { maxYoungGenerationSizeMb: 1 },
        workerData: { module, memory, job: this.#job, names: KERNEL_FUNCTIONS, ...ofThread },
      });
      starting.push(
        new Promise((resolve, reject) => {
          thread.on('message', () => {
            // A head that nobody has disposed of does not keep the process alive.
            thread.unref();
            resolve();
          });
          thread.on('error', (error) => {
            this.#failure = error;
            reject(failed(error));
          });
        }),
      );
      if (program === undefined) thread.unref();
      this.#threads.push(thread);
    }
    if (starting.length === 0) return;
    const ready: Promise<void> = Promise.all(starting).then(() => {
      if (this.#ready === ready) this.#ready = 'now';
    });
    // Who only sweeps does not ask.
    ready.catch(() => {});
    this.#ready = ready;
  }

  #join(numbers: Int32Array, all: number): void {
    for (let looks = 0; ; looks++) {
      const done = Atomics.load(numbers, JOB.done);
      if (done === all) return;
      if (Atomics.load(numbers, JOB.failed) !== 0) throw failed('it ended in the middle of a tile');
      if (looks > LOOKS) Atomics.wait(numbers, JOB.done, done, LOOK_AGAIN_MS);
    }
  }
}

function newJob(batch: number): Int32Array {
  const bytes = (JOB.own + batch) * Int32Array.BYTES_PER_ELEMENT;
  return new Int32Array(sharedBytes(bytes));
}

/** Browsers have shared memory only on pages that are isolated; without helpers nobody shares it. */
function sharedBytes(bytes: number): ArrayBuffer | SharedArrayBuffer {
  return threadsModule() === undefined ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
}

function failed(cause: unknown): BackendError {
  return new BackendError(
    `a thread of the head that failed (${reasonOf(cause)})`,
    'threads that run WebAssembly, and load what else a head computes with',
    "open the backend with threads: 1, or with elementwise: 'graph'.",
    cause,
  );
}
