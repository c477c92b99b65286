import { BackendError, reasonOf } from '@cf/core';
import type { ForeignFunctions, ForeignLibrary } from './foreign-functions.ts';
import { type Fail, libraryCalls, type OneDnnLibrary } from './library-calls.ts';

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

/**
 * Loads oneDNN.
 *
 * @param path of its file; by default the names under which distributions have it, where the system looks for libraries
 * @throws BackendError where there is none, or one of a version that is not known
 */
export function loadOneDnn(foreign: ForeignFunctions, path?: string): OneDnnLibrary {
  const [found, library] = load(foreign, path);
  const fail: Fail = (...details) => new BackendError(...details);
  const loaded = libraryCalls(foreign, { path: found, library }, fail);
  const { version } = loaded;
  const isKnown = version.major === 3 || (version.major === 2 && version.minor >= 6);
  if (!isKnown) throw fail(`oneDNN ${version.major}.${version.minor} ('${found}')`, 'oneDNN 2.6 to 3', FIX);
  return loaded;
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
