import type { MpiLibrary } from './library.ts';
import type { Place } from './waiting.ts';

/** Of the messages; what collective calls send is apart from these. */
const TAG = 7301;
/** The calls that a message can name. */
export const CALLS = ['MPI_Reduce', 'MPI_Bcast', 'MPI_Allgatherv', 'MPI_Barrier', 'MPI_Finalize'] as const;

/**
 * By which ranks that wait tell each other where. Its calls return at once, and come from another thread than the one that
 * waits: MPI_THREAD_MULTIPLE.
 */
export interface Mailbox {
  /** Tells all others. */
  post(place: Place): void;
  /** What has come since, the oldest first. */
  take(): (readonly [from: number, place: Place])[];
}

export function openMailbox({ library, handles }: MpiLibrary, rank: number, size: number): Mailbox {
  const h = handles.handle;
  const send = library.func(`int MPI_Isend(void *, int, ${h}, int, int, ${h}, void *)`);
  const release = library.func('int MPI_Request_free(void *)');
  const probe = library.func(`int MPI_Iprobe(int, int, ${h}, int *, void *)`);
  const receive = library.func(`int MPI_Recv(void *, int, ${h}, int, int, ${h}, void *)`);
  const others = Array.from({ length: size }, (_, k) => k).filter((k) => k !== rank);
  const { world, types, statusIgnore } = handles;
  // MPI reads what is sent when it likes: it stays.
  const sent: Float64Array[] = [];
  return {
    post({ call, name }) {
      const message = Float64Array.of(call, (CALLS as readonly string[]).indexOf(name));
      sent.push(message);
      for (const other of others) {
        const request = new BigInt64Array(1);
        send(message, message.length, types.float64, other, TAG, world, request);
        release(request);
      }
    },
    take() {
      const taken: [number, Place][] = [];
      const [is, message] = [new Int32Array(1), new Float64Array(2)];
      for (const other of others) {
        for (;;) {
          probe(other, TAG, world, is, statusIgnore);
          if (is[0] === 0) break;
          receive(message, message.length, types.float64, other, TAG, world, statusIgnore);
          taken.push([other, { call: message[0]!, name: CALLS[message[1]!]! }]);
        }
      }
      return taken;
    },
  };
}
