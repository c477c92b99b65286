import { Worker } from 'node:worker_threads';
import { Pool, type RawImage } from '@cf/data';
import { type Model, sessionModel } from '@cf/onnx';
import type { Device } from '../engines/device.ts';
import type { PixelForm } from '../engines/pixel-form.ts';
import { withQuickSlopes } from '../engines/quick-slopes.ts';
import { BackboneError } from '../errors.ts';
import type { NetworkReply, NetworkRequest, NetworkStart } from './network-thread.ts';

// The packed program is JavaScript, with the thread's file beside it.
const PROGRAM = new URL(
  import.meta.url.endsWith('.ts') ? './network-thread.ts' : './network-thread.js',
  import.meta.url,
);

/** One network in several threads. */
export interface NetworkThreads {
  /** How many. */
  readonly count: number;
  /** Pictures → `[N, d]`, on the first thread that is free. */
  network(pictures: readonly RawImage[]): Promise<Float32Array>;
  /** Ends the threads, also those that compute. */
  close(): Promise<void>;
}

/** What is to run in threads. */
export interface ThreadedNetwork {
  readonly name: string;
  readonly model: Model;
  readonly pixels: PixelForm;
  /** That was proven. */
  readonly device: Device;
  readonly count: number;
}

/**
 * Opens a network once a thread. A run of onnxruntime holds the thread that asks for it: only so do several go on at a time,
 * and the thread that pictures come from has its turns.
 *
 * @returns undefined where the weights are too many to be handed over
 * @throws BackboneError
 */
export async function startNetworkThreads({
  name,
  model,
  pixels,
  device,
  count,
}: ThreadedNetwork): Promise<NetworkThreads | undefined> {
  const { bytes, options } = sessionModel(device === 'cpu' ? withQuickSlopes(model) : model);
  if (options.externalData !== undefined) return undefined;
  // One copy for all of them.
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const start: NetworkStart = { name, bytes: shared, pixels, device };
  const threads = Array.from({ length: count }, () => new Thread(name, start));
  const close = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.end()));
  };
  try {
    await Promise.all(threads.map((thread) => thread.ready));
  } catch (error) {
    await close();
    throw error;
  }
  const pool = new Pool(threads);
  return { count, network: (pictures) => pool.use((thread) => thread.run(pictures)), close };
}

/** One thread, which does one thing at a time. */
class Thread {
  readonly ready: Promise<unknown>;
  readonly #worker: Worker;
  readonly #name: string;
  #settle: ((reply: NetworkReply) => void) | undefined;
  #failure: string | undefined;

  constructor(name: string, start: NetworkStart) {
    this.#name = name;
    this.#worker = new Worker(PROGRAM, { workerData: start });
    this.#worker.on('message', (reply: NetworkReply) => this.#answer(reply));
    this.#worker.on('error', (error: Error) => this.#fail(error.message));
    this.#worker.on('exit', () => this.#fail('its thread has ended'));
    this.ready = this.#reply();
    // Told by whoever waits for it.
    this.ready.catch(() => {});
  }

  run(pictures: readonly RawImage[]): Promise<Float32Array> {
    const reply = this.#reply();
    this.#worker.postMessage({ pictures } satisfies NetworkRequest);
    return reply;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  async #reply(): Promise<Float32Array> {
    const reply =
      this.#failure === undefined
        ? await new Promise<NetworkReply>((resolve) => {
            this.#settle = resolve;
          })
        : { failure: this.#failure };
    if ('rows' in reply) return reply.rows;
    throw new BackboneError(
      `'${this.#name}' (${reply.failure})`,
      'a network that embeds pictures',
      'look at it with cf inspect.',
    );
  }

  #answer(reply: NetworkReply): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(reply);
  }

  #fail(failure: string): void {
    this.#failure ??= failure;
    this.#answer({ failure });
  }
}
