import type { ForeignFunction, ForeignFunctions, ForeignLibrary, Pointer } from './foreign-functions.ts';
import { type Undisturbed, withoutSignals } from './signals.ts';

/** oneDNN's `dnnl_runtime_kind_t` of OpenMP. */
const OPENMP = 2;

/** oneDNN, loaded. */
export interface OneDnnLibrary {
  readonly path: string;
  readonly version: { readonly major: number; readonly minor: number; readonly patch: number };
  readonly foreign: ForeignFunctions;
  /** A function that returns oneDNN's status, checked. @throws BackendError with the status */
  checked(declaration: string): (...args: readonly unknown[]) => void;
  /** A function that writes a handle to its first argument: that handle. @throws BackendError with the status */
  maker(declaration: string): (...args: readonly unknown[]) => Pointer;
  /** A function as it is. */
  plain(declaration: string): ForeignFunction;
  /** Threads of what the calling thread computes from here on; by default as many as when the library was loaded. */
  setThreads(threads?: number): void;
  /** Runs what computes. */
  readonly undisturbed: Undisturbed;
}

/** Makes the error that is thrown: a thread that only computes needs no classes of errors. */
export type Fail = (given: string, expected: string, fix: string) => Error;

/** The functions of a library that is loaded. */
export function libraryCalls(
  foreign: ForeignFunctions,
  { path, library }: { readonly path: string; readonly library: ForeignLibrary },
  fail: Fail,
): OneDnnLibrary {
  const version = versionOf(foreign, library);
  // Declaring a function takes longer than calling it.
  const declared = new Map<string, ForeignFunction>();
  const plain = (declaration: string): ForeignFunction => {
    const call = declared.get(declaration) ?? library.func(declaration);
    declared.set(declaration, call);
    return call;
  };
  const checked = (declaration: string): ((...args: readonly unknown[]) => void) => {
    const call = plain(declaration);
    return (...args) => requireSuccess(declaration, call(...args) as number, fail);
  };
  return {
    path,
    version,
    foreign,
    checked,
    maker: (declaration) => {
      const call = checked(declaration);
      return (...args) => {
        const made: [Pointer | null] = [null];
        call(made, ...args);
        return made[0]!;
      };
    },
    plain,
    setThreads: threadSetter(library, version.runtime, fail),
    undisturbed: withoutSignals(foreign),
  };
}

function versionOf(
  foreign: ForeignFunctions,
  library: ForeignLibrary,
): OneDnnLibrary['version'] & { readonly runtime: number } {
  // int major, minor, patch; const char *hash; unsigned cpu_runtime.
  const view = new DataView(foreign.view(library.func('void *dnnl_version()')() as Pointer, 32));
  const [major, minor, patch, runtime] = [0, 4, 8, 24].map((at) => view.getInt32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  return { major, minor, patch, runtime };
}

function threadSetter(library: ForeignLibrary, runtime: number, fail: Fail): OneDnnLibrary['setThreads'] {
  if (runtime !== OPENMP)
    return (threads) => {
      if (threads === undefined) return;
      throw fail(
        'a number of threads for a oneDNN without OpenMP',
        'oneDNN built for OpenMP',
        'install the build of your distribution, which has it; a library leaves threads out.',
      );
    };
  const set = library.func('void omp_set_num_threads(int threads)');
  const most = library.func('int omp_get_max_threads()')() as number;
  return (threads = most) => {
    if (!Number.isInteger(threads) || threads < 1 || threads > 1024)
      throw fail(`threads = ${threads}`, 'an integer from 1 to 1024', 'give another number of threads.');
    set(threads);
  };
}

const STATUS = [
  'success',
  'out of memory',
  'invalid arguments',
  'not implemented',
  'end of the list',
  'runtime error',
  'not required',
];

function requireSuccess(declaration: string, status: number, fail: Fail): void {
  if (status === 0) return;
  const name = /\w+(?=\()/.exec(declaration)?.[0] ?? declaration;
  throw fail(
    `${name} of oneDNN ended with: ${STATUS[status] ?? status}`,
    'a call that succeeds',
    'where memory is short, take smaller micro-batches; otherwise train with the graphs of onnxruntime.',
  );
}
