import { Worker } from 'node:worker_threads';
import { UnreadableImageError } from '../errors.ts';
import type { BatchTask } from './make-batch.ts';
import type { WorkerFailure, WorkerReply, WorkerRequest, WorkerStart } from './picture-worker.ts';

// The packed program is JavaScript, with the thread's file beside it.
const PROGRAM = new URL(
  import.meta.url.endsWith('.ts') ? './picture-worker.ts' : './picture-worker.js',
  import.meta.url,
);

interface Waiting {
  readonly resolve: (batch: Float32Array) => void;
  readonly reject: (error: Error) => void;
}

/** Threads that make batches. */
export class WorkerPool {
  readonly #workers: readonly Worker[];
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #failure: Error | undefined;

  constructor(count: number, start: WorkerStart) {
    this.#workers = Array.from({ length: count }, () => {
      const worker = new Worker(PROGRAM, { workerData: start });
      worker.on('message', (reply: WorkerReply) => this.#settle(reply));
      worker.on('error', (error: Error) => this.#fail(error));
      worker.on('exit', () => this.#fail(new Error('a thread that reads pictures has ended')));
      // Readers that nobody has closed do not keep the process alive, but for a batch that is waited for.
      worker.unref();
      return worker;
    });
  }

  /** @throws UnreadableImageError; whatever a thread dies of */
  run(task: BatchTask): Promise<Float32Array> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#next++;
    const worker = this.#workers[id % this.#workers.length]!;
    const result = new Promise<Float32Array>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    for (const each of this.#workers) each.ref();
    worker.postMessage({ id, task } satisfies WorkerRequest);
    return result;
  }

  /** Ends the threads, once each has made the batch that it is at; others that are waited for are refused. */
  async close(): Promise<void> {
    await Promise.all(
      this.#workers.map(
        (worker) =>
          new Promise<void>((resolve) => {
            if (worker.threadId < 0) return resolve();
            worker.ref();
            worker.once('exit', () => resolve());
            worker.postMessage('end' satisfies WorkerRequest);
          }),
      ),
    );
  }

  #settle(reply: WorkerReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) for (const each of this.#workers) each.unref();
    if ('batch' in reply) waiting?.resolve(reply.batch);
    else waiting?.reject(errorOf(reply.failure));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

function errorOf({ picture, message, stack }: WorkerFailure): Error {
  if (picture !== undefined) return new UnreadableImageError(picture.path, picture.reason, picture.kind);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
