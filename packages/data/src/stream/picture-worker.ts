import { parentPort, workerData } from 'node:worker_threads';
import { UnreadableImageError } from '../errors.ts';
import { shareDecodingBudget } from '../image/decoding-budget.ts';
import { type BatchTask, type DecodedPictures, makeBatch } from './make-batch.ts';

/** What a thread is told: a batch to make, or to end. */
export type WorkerRequest = { readonly id: number; readonly task: BatchTask } | 'end';

/** What came of it. */
export type WorkerReply = { readonly id: number } & (
  | { readonly batch: Float32Array<ArrayBuffer> }
  | { readonly failure: WorkerFailure }
);

/** An error, as plain text. */
export interface WorkerFailure {
  /** Of a picture that can't be read. */
  readonly picture?: Pick<UnreadableImageError, 'path' | 'reason' | 'kind'>;
  readonly message: string;
  readonly stack: string | undefined;
}

/** What a thread knows from the beginning. */
export interface WorkerStart {
  readonly decoded: DecodedPictures;
  /** Pictures that are decoded at the same time. */
  readonly atOnce: number;
  /** Of the memory that all decoders share. */
  readonly decoding: SharedArrayBuffer;
}

const { decoded, atOnce, decoding } = workerData as WorkerStart;
shareDecodingBudget(decoding);
const port = parentPort!;
let ended = false;
let last = Promise.resolve();

// One batch after the other; those that wait when the end comes are not made.
port.on('message', (request: WorkerRequest) => {
  if (request === 'end') {
    ended = true;
    last.then(() => port.close());
  } else last = last.then(() => (ended ? undefined : answer(request)));
});

async function answer({ id, task }: Exclude<WorkerRequest, 'end'>): Promise<void> {
  try {
    const batch = await makeBatch(task, decoded, atOnce);
    port.postMessage({ id, batch } satisfies WorkerReply, [batch.buffer]);
  } catch (error) {
    port.postMessage({ id, failure: failureOf(error) } satisfies WorkerReply);
  }
}

function failureOf(error: unknown): WorkerFailure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (!(error instanceof UnreadableImageError)) return { message, stack };
  const { path, reason, kind } = error;
  return { picture: { path, reason, kind }, message, stack };
}
