import { BackendError } from '@cf/core';
import type { ForeignFunctions, ForeignLibrary } from './foreign-functions.ts';

/** What a library calls its communicator, types and operations, as its functions take them. */
export interface Handles {
  readonly world: unknown;
  readonly types: { readonly float32: unknown; readonly float64: unknown; readonly byte: unknown };
  readonly operations: { readonly sum: unknown; readonly max: unknown };
  /** Stands for the buffer that is received into. */
  readonly inPlace: unknown;
  /** Stands for a status that nobody reads. */
  readonly statusIgnore: unknown;
  /** How a handle is declared in C. */
  readonly handle: 'void *' | 'int';
}

/** An MPI that is loaded. */
export interface MpiLibrary {
  readonly name: 'Open MPI' | 'MPICH';
  readonly path: string;
  readonly library: ForeignLibrary;
  readonly handles: Handles;
}

/** As Debian, Fedora, Homebrew and builds of one's own call them. */
const NAMES: readonly string[] = [
  'libmpi.so.40',
  'libmpi.so.12',
  'libmpich.so.12',
  'libmpi.so',
  'libmpich.so',
  'libmpi.dylib',
];

/**
 * Loads the MPI of the system: the one that is named, or the first of the usual names.
 *
 * @throws BackendError that says which package to install
 */
export function loadMpi(koffi: ForeignFunctions, path?: string): MpiLibrary {
  giveStack(koffi);
  const reasons: unknown[] = [];
  for (const name of path === undefined ? NAMES : [path]) {
    let library: ForeignLibrary;
    try {
      library = koffi.load(name);
    } catch (error) {
      reasons.push(error);
      continue;
    }
    const found = { path: name, library, ...known(library, name) };
    keepLoaded(library, name);
    return found;
  }
  throw new BackendError(
    path === undefined ? 'no MPI on this machine' : `no MPI library at ${path}`,
    'Open MPI or MPICH',
    "install one: 'apt install openmpi-bin' or 'apt install mpich' on Debian, 'brew install open-mpi' on macOS.",
    reasons[0],
  );
}

/** Bytes: what a program's own stack has. MPICH 4 sums float32 in more than the 128 KiB that koffi gives. */
const STACK = 8 * 2 ** 20;

/**
 * Has koffi give calls on threads the stack that MPI may need; to be called before it loads a library, where others do that
 * before `openMpi`.
 *
 * @throws BackendError where it has loaded one already
 */
export function giveStack(koffi: Pick<ForeignFunctions, 'config'>): void {
  const { async_stack_size: given = 0 } = koffi.config();
  if (given >= STACK) return;
  try {
    koffi.config({ async_stack_size: STACK });
  } catch (cause) {
    throw new BackendError(
      `koffi with ${given} bytes of stack for calls on threads`,
      `${STACK}, which MPI may need`,
      'open MPI before koffi loads another library, or configure async_stack_size before that.',
      cause,
    );
  }
}

/**
 * A thread that has called MPI runs a destructor of MPI's when it ends, and at the end of a process koffi unloads what it has
 * loaded before that: a second reference keeps the library, or the process ends with signal 11 after all is done (over TCP).
 */
function keepLoaded(library: ForeignLibrary, path: string): void {
  const RTLD_LAZY = 1;
  library.func('void *dlopen(const char *, int)')(path, RTLD_LAZY);
}

function known(library: ForeignLibrary, path: string): Pick<MpiLibrary, 'name' | 'handles'> {
  const openMpi = (name: string): unknown => library.symbol(`ompi_${name}`, 'char');
  try {
    return {
      name: 'Open MPI',
      handles: {
        world: openMpi('mpi_comm_world'),
        types: {
          float32: openMpi('mpi_float'),
          float64: openMpi('mpi_double'),
          byte: openMpi('mpi_byte'),
        },
        operations: { sum: openMpi('mpi_op_sum'), max: openMpi('mpi_op_max') },
        inPlace: 1n,
        statusIgnore: null,
        handle: 'void *',
      },
    };
  } catch {
    return { name: 'MPICH', handles: mpich(library, path) };
  }
}

/** MPICH's handles are numbers of its binary interface, which all that descend from it share. */
function mpich(library: ForeignLibrary, path: string): Handles {
  try {
    library.func('int MPI_Init_thread(void *, void *, int, int *)');
  } catch (cause) {
    throw new BackendError(`${path}, which is no MPI`, 'Open MPI or MPICH', 'name another library.', cause);
  }
  return {
    world: 0x44000000,
    types: { float32: 0x4c00040a, float64: 0x4c00080b, byte: 0x4c00010d },
    operations: { sum: 0x58000003, max: 0x58000001 },
    inPlace: -1n,
    statusIgnore: 1n,
    handle: 'int',
  };
}
