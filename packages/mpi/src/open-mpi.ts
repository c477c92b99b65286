import {
  BackendError,
  type Communicator,
  type Exchanged,
  type OptionNames,
  requireKnownOptions,
  requireRange,
} from '@cf/core';
import type { ForeignFunction, ForeignFunctions } from './foreign-functions.ts';
import { loadMpi, type MpiLibrary } from './library.ts';
import { type CALLS, openMailbox } from './mailbox.ts';
import { type Place, whoIsMissing } from './waiting.ts';

export interface MpiOptions {
  /** The package `koffi`: `import koffi from 'koffi'`. */
  readonly koffi: ForeignFunctions;
  /** Of the library; by default the first that is found. */
  readonly path?: string | undefined;
  /** How long a rank waits for the others in one call before it ends the job on all of them. Default 300. */
  readonly timeoutSeconds?: number | undefined;
  /** Is told why the job ends; the standard error by default. */
  readonly say?: ((line: string) => void) | undefined;
}

/** The ranks that `mpirun` has started. */
export interface MpiRanks extends Communicator {
  /** The machine of each rank, as MPI calls it. */
  readonly hosts: readonly string[];
  /** Such as `Open MPI`. */
  readonly library: string;
  /** Ends the job on all ranks, and with it this process. @param code that `mpirun` ends with */
  abort(code: number, reason: string): never;
  /** Takes leave of the others; all ranks do, and none communicates after. */
  close(): Promise<void>;
}

const OPTIONS: OptionNames<MpiOptions> = { koffi: true, path: true, timeoutSeconds: true, say: true };

/** Several threads of this process may call: one after the other, or at once. */
const [SERIALIZED, MULTIPLE] = [2, 3];
/** Numbers in one call: its count is an int. */
const MOST = 2 ** 30;
/**
 * Numbers that are summed in one call. MPI takes memory of that size for what it sums in, and gives it back: of tens of millions
 * at once the system clears pages for most of the time, and a sum takes many times as long as in pieces.
 */
const PIECE = 2 ** 20;
/** What `mpirun` ends with where a rank has waited in vain. */
const EXIT_HANGING = 75;
/** Parts of the time that a rank waits. At the end of each it says where, and hears where others are. */
const PARTS = 10;
/** A rank that has said nothing for so many of them does not wait. */
const FRESH = 3;
/** Longer than any MPI's name of a machine. */
const HOST_NAME = 256;

/**
 * The ranks of this job over the MPI of the system. Calls wait on a thread of the runtime, so that timers and signals of this
 * process have their turn. A rank that dies ends the job, as `mpirun` has it; one that does not come within the time is named
 * by those that wait, and the job ends. This function itself waits for all ranks, without limit.
 *
 * @throws BackendError where there is no MPI, or one that allows no threads; OptionOutOfRangeError, UnknownNameError
 */
export function openMpi(options: MpiOptions): MpiRanks {
  requireKnownOptions('openMpi', options, OPTIONS);
  const { koffi, path, timeoutSeconds = 300, say = (line) => process.stderr.write(`${line}\n`) } = options;
  requireRange('timeoutSeconds', timeoutSeconds, 0, 1e6, 'exclusive lower bound');
  const mpi = loadMpi(koffi, path);
  const { name, library, handles } = mpi;
  const h = handles.handle;
  const [provided, place] = [new Int32Array(1), new Int32Array(1)];
  library.func('int MPI_Init_thread(void *, void *, int, int *)')(null, null, MULTIPLE, provided);
  if (provided[0]! < SERIALIZED)
    throw new BackendError(
      `${name} without threads`,
      `MPI_THREAD_SERIALIZED`,
      'install a build with threads.',
    );
  library.func(`int MPI_Comm_rank(${h}, int *)`)(handles.world, place);
  const rank = place[0]!;
  library.func(`int MPI_Comm_size(${h}, int *)`)(handles.world, place);
  const size = place[0]!;
  requireStarted(mpi, size);
  const functions = {
    reduce: library.func(`int MPI_Reduce(void *, void *, int, ${h}, ${h}, int, ${h})`),
    broadcast: library.func(`int MPI_Bcast(void *, int, ${h}, int, ${h})`),
    gather: library.func(`int MPI_Allgatherv(void *, int, ${h}, void *, int *, int *, ${h}, ${h})`),
    barrier: library.func(`int MPI_Barrier(${h})`),
    abort: library.func(`int MPI_Abort(${h}, int)`),
    finalize: library.func('int MPI_Finalize()'),
  };
  const hosts = hostsOf(mpi, size, functions.gather);
  const mailbox = provided[0]! < MULTIPLE ? undefined : openMailbox(mpi, rank, size);
  const abort = (code: number, reason: string): never => {
    say(`rank ${rank} of ${size}: ${reason}`);
    functions.abort(handles.world, code);
    process.exit(code);
  };
  /** Ends the job after the time. Nothing is said before the first part of it has passed. */
  const watch = (own: Place): NodeJS.Timeout => {
    const heard = new Map<number, Place & { readonly part: number }>();
    let part = 0;
    const end = (): never => {
      // What is older may be of calls that are over.
      for (const [other, { part: last }] of heard) if (last <= PARTS - FRESH) heard.delete(other);
      const silentSeconds = Number(((timeoutSeconds * FRESH) / PARTS).toPrecision(2));
      const others =
        mailbox === undefined
          ? 'another rank hangs, or is at another call'
          : whoIsMissing({ rank, own, hosts, heard, silentSeconds });
      return abort(
        EXIT_HANGING,
        `waited ${timeoutSeconds} s in ${own.name}, call ${own.call}: ${others}. The job ends on all ranks.`,
      );
    };
    return setInterval(
      () => {
        part++;
        mailbox?.post(own);
        for (const [other, there] of mailbox?.take() ?? []) heard.set(other, { ...there, part });
        if (part === PARTS) end();
      },
      (1000 * timeoutSeconds) / PARTS,
    );
  };
  let calls = 0;
  const call = async (
    what: (typeof CALLS)[number],
    run: ForeignFunction,
    args: readonly unknown[],
  ): Promise<void> => {
    calls++;
    const timer = watch({ call: calls, name: what });
    try {
      const status = await new Promise((resolve, reject) => {
        run.async(...args, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value)));
      });
      if (status !== 0)
        throw new BackendError(
          `${what}, which ended with ${status}`,
          `success of ${name}`,
          'see what it printed.',
        );
    } finally {
      clearInterval(timer);
    }
  };
  const broadcast = async (values: Exchanged, from: number): Promise<void> => {
    for (const part of partsOf(values))
      await call('MPI_Bcast', functions.broadcast, [part, part.length, typeOf(part), from, handles.world]);
  };
  const typeOf = (values: Exchanged): unknown => {
    if (values instanceof Float32Array) return handles.types.float32;
    return values instanceof Float64Array ? handles.types.float64 : handles.types.byte;
  };
  return {
    rank,
    size,
    hosts,
    library: name,
    // What one rank has summed goes to all: sums of their own could differ in last bits.
    async allReduce(values, operation) {
      for (const part of partsOf(values, PIECE)) {
        const [send, receive] = rank === 0 ? [handles.inPlace, part] : [part, null];
        const how = handles.operations[operation];
        await call('MPI_Reduce', functions.reduce, [
          ...[send, receive, part.length, typeOf(part)],
          ...[how, 0, handles.world],
        ]);
        await broadcast(part, 0);
      }
    },
    async allGather<Values extends Exchanged>(values: Values): Promise<readonly Values[]> {
      const lengths = new Float64Array(size);
      const counts = Int32Array.from({ length: size }, () => 1);
      const places = Int32Array.from({ length: size }, (_, k) => k);
      const gather = (own: Exchanged, all: Exchanged): Promise<void> =>
        call('MPI_Allgatherv', functions.gather, [
          ...[own, own.length, typeOf(own)],
          ...[all, counts, places, typeOf(all), handles.world],
        ]);
      await gather(Float64Array.of(values.length), lengths);
      let total = 0;
      for (let k = 0; k < size; k++) {
        counts[k] = lengths[k]!;
        places[k] = total;
        total += lengths[k]!;
      }
      if (total > MOST)
        throw new BackendError(
          `${total} numbers of all ranks`,
          `${MOST} at most in one call`,
          'gather parts.',
        );
      const all = emptyLike(values, total);
      await gather(values, all);
      return Array.from(counts, (count, k) => all.subarray(places[k]!, places[k]! + count) as Values);
    },
    broadcast,
    barrier: () => call('MPI_Barrier', functions.barrier, [handles.world]),
    abort,
    async close() {
      // The others are waited for here, where they can be told and named: MPI_Finalize allows no messages, and no other thread
      // than the one that called MPI_Init_thread.
      await call('MPI_Finalize', functions.barrier, [handles.world]);
      mailbox?.take();
      functions.finalize();
    },
  };
}

/** How many ranks the one who starts them says there are: Open MPI's mpirun, MPICH's, Slurm's srun. */
const STARTED = ['OMPI_COMM_WORLD_SIZE', 'PMI_SIZE', 'SLURM_STEP_NUM_TASKS'] as const;

/** Ranks that another MPI has started know nothing of each other: each would train alone. */
function requireStarted({ name, path }: MpiLibrary, size: number): void {
  for (const variable of STARTED) {
    const started = Number(process.env[variable] ?? 1);
    if (size > 1 || !(started > 1)) continue;
    throw new BackendError(
      `${name} (${path}), which knows of 1 rank where ${variable} = ${started}`,
      'the MPI that has started the ranks',
      'start them with its own mpirun (srun: --mpi=pmix), or name the library of yours by path.',
    );
  }
}

/** What the machine of each rank is called. */
function hostsOf({ library, handles }: MpiLibrary, size: number, gather: ForeignFunction): readonly string[] {
  const [own, length] = [new Uint8Array(HOST_NAME), new Int32Array(1)];
  library.func('int MPI_Get_processor_name(void *, int *)')(own, length);
  const all = new Uint8Array(HOST_NAME * size);
  const counts = new Int32Array(size).fill(HOST_NAME);
  const places = Int32Array.from({ length: size }, (_, k) => HOST_NAME * k);
  const { byte } = handles.types;
  gather(own, HOST_NAME, byte, all, counts, places, byte, handles.world);
  return Array.from(places, (place) => {
    const name = new TextDecoder().decode(all.subarray(place, place + HOST_NAME));
    return name.slice(0, name.indexOf('\0'));
  });
}

function* partsOf(values: Exchanged, most: number = MOST): Generator<Exchanged, void, undefined> {
  for (let from = 0; from < values.length; from += most) yield values.subarray(from, from + most);
}

function emptyLike(values: Exchanged, length: number): Exchanged {
  if (values instanceof Float32Array) return new Float32Array(length);
  return values instanceof Float64Array ? new Float64Array(length) : new Uint8Array(length);
}
