import { BackendError, requireInteger } from '@cf/core';
import { reasonOf } from '../../errors.ts';
import type { ForeignFunction, ForeignFunctions, ForeignLibrary, Pointer } from './foreign-functions.ts';
import { type Undisturbed, withoutSignals } from './signals.ts';

/** Where distributions put the library, the newest first. */
const NAMES: readonly string[] = [
  'libdnnl.so.3',
  ...Array.from({ length: 16 }, (_, i) => `libdnnl.so.3.${15 - i}`),
  'libdnnl.so.2',
  'libdnnl.so',
  'libdnnl.3.dylib',
  'libdnnl.dylib',
  'dnnl.dll',
];

const FIX =
  'install oneDNN 2.6 or later (on Debian and Ubuntu the package libdnnl2, libdnnl3.6 or the like).';

/** What systems say of a library that they do not find. */
const NOT_THERE = /no such file|could not be found/i;

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

/**
 * Loads oneDNN.
 *
 * @param path of its file; by default the names under which distributions have it, where the system looks for libraries
 * @throws BackendError where there is none, or one of a version that is not known
 */
export function loadOneDnn(foreign: ForeignFunctions, path?: string): OneDnnLibrary {
  const [found, library] = load(foreign, path);
  const version = versionOf(foreign, library);
  const isKnown = version.major === 3 || (version.major === 2 && version.minor >= 6);
  if (!isKnown)
    throw new BackendError(`oneDNN ${version.major}.${version.minor} ('${found}')`, 'oneDNN 2.6 to 3', FIX);
  // Declaring a function takes longer than calling it.
  const declared = new Map<string, ForeignFunction>();
  const plain = (declaration: string): ForeignFunction => {
    const call = declared.get(declaration) ?? library.func(declaration);
    declared.set(declaration, call);
    return call;
  };
  const checked = (declaration: string): ((...args: readonly unknown[]) => void) => {
    const call = plain(declaration);
    return (...args) => requireSuccess(declaration, call(...args) as number);
  };
  return {
    path: found,
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
    setThreads: threadSetter(library, version.runtime),
    undisturbed: withoutSignals(foreign),
  };
}

function load(foreign: ForeignFunctions, path: string | undefined): readonly [string, ForeignLibrary] {
  const reasons: unknown[] = [];
  for (const name of path === undefined ? NAMES : [path])
    try {
      return [name, foreign.load(name)];
    } catch (error) {
      reasons.push(error);
    }
  // One that is there and does not load says something else.
  const broken = reasons.find((reason) => !NOT_THERE.test(reasonOf(reason)));
  const cause = broken ?? reasons[0];
  const given =
    path === undefined
      ? `a machine ${broken === undefined ? 'without oneDNN' : `whose oneDNN does not load: ${reasonOf(broken)}`}`
      : `no library at '${path}': ${reasonOf(cause)}`;
  throw new BackendError(given, "oneDNN's library", FIX, cause);
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

function threadSetter(library: ForeignLibrary, runtime: number): OneDnnLibrary['setThreads'] {
  if (runtime !== OPENMP)
    return (threads) => {
      if (threads === undefined) return;
      throw new BackendError(
        'a number of threads for a oneDNN without OpenMP',
        'oneDNN built for OpenMP',
        'install the build of your distribution, which has it; a library leaves threads out.',
      );
    };
  const set = library.func('void omp_set_num_threads(int threads)');
  const most = library.func('int omp_get_max_threads()')() as number;
  return (threads = most) => {
    requireInteger('threads', threads, 1, 1024);
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

function requireSuccess(declaration: string, status: number): void {
  if (status === 0) return;
  const name = /\w+(?=\()/.exec(declaration)?.[0] ?? declaration;
  throw new BackendError(
    `${name} of oneDNN ended with: ${STATUS[status] ?? status}`,
    'a call that succeeds',
    'where memory is short, take smaller micro-batches; otherwise train with the graphs of onnxruntime.',
  );
}
