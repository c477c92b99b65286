import { BackendError } from '@cf/core';
import { reasonOf } from '../errors.ts';
import { JOB, KERNEL_FUNCTIONS, type KernelFunctions, MOST_PARTS, sweepParts } from './sweep-rows.ts';

/** What is used of `node:worker_threads`. */
interface ThreadsModule {
  readonly Worker: new (
    source: string,
    options: object,
  ) => {
    on(event: 'error', listener: (error: unknown) => void): void;
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

const SOURCE = `
const { workerData } = require('node:worker_threads');
const { module, memory, job, names } = workerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
const functions = names.map((name) => exports[name]);
const sweepParts = ${sweepParts.toString()};
for (let turn = 0; ; turn = Atomics.load(job, ${JOB.turn})) {
  Atomics.wait(job, ${JOB.turn}, turn);
  try {
    sweepParts(job, functions);
  } catch (error) {
    Atomics.store(job, ${JOB.failed}, 1);
    throw error;
  }
}`;

/** Fewer logits are swept before a thread has woken up. */
const LEAST_LOGITS = 2 ** 16;
/** Looks at what is done, before the thread that asks goes to sleep: some 50 µs. */
const LOOKS = 10_000;
const LOOK_AGAIN_MS = 5;

/** What is swept: the numbers of a {@link JOB}. */
export type SweepJob = Readonly<
  Record<Exclude<keyof typeof JOB, 'turn' | 'next' | 'done' | 'own' | 'function' | 'failed'>, number>
>;

export interface SweepThreadsOptions {
  readonly functions: KernelFunctions;
  readonly module: WebAssembly.Module;
  /** Shared, where there are helpers. */
  readonly memory: WebAssembly.Memory;
  /** Threads beside the one that asks. */
  readonly helpers: number;
}

/** Sweeps over the rows of a tile, with threads that help where there are some. They start with the first large tile. */
export class SweepThreads {
  readonly #options: SweepThreadsOptions;
  readonly #functions: KernelFunctions[keyof KernelFunctions][];
  #job: Int32Array;
  #threads: Thread[] = [];
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
    if (this.#failure !== undefined) throw failed(this.#failure);
    if (this.#job.length < JOB.own + job.batch) {
      this.dispose();
      this.#job = newJob(job.batch);
    }
    const numbers = this.#job;
    for (const [key, value] of Object.entries(job)) numbers[JOB[key as keyof SweepJob]] = value;
    numbers[JOB.function] = KERNEL_FUNCTIONS.indexOf(name);
    for (let i = 0; i < job.batch; i++) {
      const at = own(i);
      numbers[JOB.own + i] = at >= 0 && at < job.count ? at : -1;
    }
    Atomics.store(numbers, JOB.done, 0);
    Atomics.store(numbers, JOB.next, 0);
    if (this.#options.helpers > 0 && job.batch * job.count >= LEAST_LOGITS) {
      this.#start();
      Atomics.add(numbers, JOB.turn, 1);
      Atomics.notify(numbers, JOB.turn);
    }
    meanwhile?.();
    sweepParts(numbers, this.#functions);
    this.#join(numbers);
  }

  /** Ends the threads; the next large tile starts them again. */
  dispose(): void {
    for (const thread of this.#threads) void thread.terminate();
    this.#threads = [];
  }

  #start(): void {
    const { module, memory, helpers } = this.#options;
    const { Worker } = threadsModule()!;
    while (this.#threads.length < helpers) {
      const thread = new Worker(SOURCE, {
        eval: true,
        execArgv: [],
        workerData: { module, memory, job: this.#job, names: KERNEL_FUNCTIONS },
      });
      thread.on('error', (error) => {
        this.#failure = error;
      });
      // A head that nobody has disposed of does not keep the process alive.
      thread.unref();
      this.#threads.push(thread);
    }
  }

  #join(numbers: Int32Array): void {
    for (let looks = 0; ; looks++) {
      const done = Atomics.load(numbers, JOB.done);
      if (done === MOST_PARTS) return;
      if (Atomics.load(numbers, JOB.failed) !== 0) throw failed('it ended in the middle of a tile');
      if (looks > LOOKS) Atomics.wait(numbers, JOB.done, done, LOOK_AGAIN_MS);
    }
  }
}

function newJob(batch: number): Int32Array {
  const bytes = (JOB.own + batch) * Int32Array.BYTES_PER_ELEMENT;
  // Browsers have shared memory only on pages that are isolated; without helpers nobody shares it.
  return new Int32Array(
    threadsModule() === undefined ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes),
  );
}

function failed(cause: unknown): BackendError {
  return new BackendError(
    `a thread of the sweep that failed (${reasonOf(cause)})`,
    'threads that run WebAssembly',
    "open the backend with threads: 1, or with elementwise: 'graph'.",
    cause,
  );
}
