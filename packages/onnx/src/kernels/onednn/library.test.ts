import { BackendError } from '@cf/core';
import koffi from 'koffi';
import { describe, expect, test } from 'vitest';
import type { ForeignFunctions } from './foreign-functions.ts';
import { loadOneDnn } from './library.ts';
import { needsOneDnn, oneDnn } from './testing/compare.ts';

/** A library of a version, whose calls end with a status. */
function foreign(version: readonly number[], status: number = 0, tried: string[] = []): ForeignFunctions {
  return {
    load: (path) => {
      if (path !== null) tried.push(path);
      if (path === 'missing.so') throw new Error('no such file');
      return {
        func: (declaration) => (declaration.includes('dnnl_version') ? () => ({}) : () => status),
      };
    },
    address: () => 0n,
    view: (_, bytes) => {
      const view = new DataView(new ArrayBuffer(bytes));
      version.forEach((part, i) => {
        view.setInt32(4 * i, part, true);
      });
      view.setInt32(24, version[3] ?? 2, true);
      return view.buffer;
    },
  };
}

describe('loadOneDnn', () => {
  test('takes the newest of the names under which it may be', () => {
    const tried: string[] = [];
    expect(loadOneDnn(foreign([3, 7, 2], 0, tried)).version).toMatchObject({ major: 3, minor: 7, patch: 2 });
    expect(tried).toEqual(['libdnnl.so.3']);
  });

  test.each([
    [[1, 9, 0], /oneDNN 1\.9/],
    [[2, 5, 0], /oneDNN 2\.5/],
    [[4, 0, 0], /oneDNN 4\.0/],
  ])('refuses version %j', (version, message) => {
    expect(() => loadOneDnn(foreign(version))).toThrow(message);
  });

  test('names a file that is not there, and what brings the library', () => {
    expect(() => loadOneDnn(foreign([3, 0, 0]), 'missing.so')).toThrow(
      /no library at 'missing\.so': no such file[\s\S]*libdnnl/,
    );
    const old = {
      ...foreign([3, 0, 0]),
      load: (path: string | null) => {
        if (path !== 'libdnnl.so.2') return foreign([]).load('missing.so');
        throw new Error('libstdc++.so.6: version `GLIBCXX_3.4.32` not found (required by libdnnl.so.2)');
      },
    };
    expect(() => loadOneDnn(old)).toThrow(/a machine whose oneDNN does not load: .*GLIBCXX/);
    const nowhere = { ...foreign([3, 0, 0]), load: () => foreign([]).load('missing.so') };
    expect(() => loadOneDnn(nowhere)).toThrow(/a machine without oneDNN/);
  });

  test('tells the function and the status of a call that fails', () => {
    const library = loadOneDnn(foreign([2, 6, 3], 1));
    expect(() => library.checked('int dnnl_stream_wait(void *stream)')(null)).toThrow(
      /dnnl_stream_wait of oneDNN ended with: out of memory/,
    );
  });

  test('sets no threads where OpenMP is not what computes', () => {
    const library = loadOneDnn(foreign([2, 6, 3, 4]));
    expect(() => library.setThreads(2)).toThrow(BackendError);
    expect(() => library.setThreads()).not.toThrow();
    expect(() => loadOneDnn(foreign([2, 6, 3])).setThreads(0)).toThrow(/threads = 0/);
  });

  test.skipIf(oneDnn === undefined)(`finds the one of this machine${needsOneDnn}`, () => {
    expect(loadOneDnn(koffi).version.major).toBeGreaterThanOrEqual(2);
  });
});
