import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterAll, describe, expect, test } from 'vitest';
import { loadMpi } from './library.ts';
import { openMpi } from './open-mpi.ts';
import { CLASSES, type RankResult, trainedCenters } from './testing/ranks.ts';

const MPIRUN = '/usr/bin/mpirun';
const PROGRAM = join(import.meta.dirname, 'testing', 'ranks.ts');

const folder = mkdtempSync(join(tmpdir(), 'ranks-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number;
  readonly stderr: string;
}

function mpirun(size: number, ...args: readonly string[]): Promise<Ended> {
  // Open MPI wants to be told that root is meant, and that ranks may share a core.
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };
  const command = ['--oversubscribe', '-np', String(size), process.execPath, PROGRAM, folder, ...args];
  return new Promise((resolve) => {
    execFile(MPIRUN, command, { env, timeout: 100_000 }, (error, _, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stderr });
    });
  });
}

describe.skipIf(!existsSync(MPIRUN))(`ranks (needs ${MPIRUN})`, () => {
  test.each([1, 2, 3])('%d of them do as one, and have the same bits', async (size) => {
    const { code, stderr } = await mpirun(size);
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const results = Array.from(
      { length: size },
      (_, rank) => JSON.parse(readFileSync(join(folder, `${rank}.json`), 'utf8')) as RankResult,
    );
    expect(results.map(({ rank }) => rank)).toEqual(Array.from({ length: size }, (_, rank) => rank));
    const { steps, centers } = await trainedCenters([0, CLASSES]);
    for (const result of results) {
      expect(result.size).toBe(size);
      expect(result.sum[0]).toBe((size * (size + 1)) / 2);
      expect(result.max).toEqual([0, size - 1].map((value) => value || expect.closeTo(0)));
      expect(result.gathered).toEqual(results.map(({ rank }) => new Array(rank + 1).fill(rank)));
      expect(result.sent).toEqual([size - 1, size - 1]);
      expect(result.steps).toEqual(results[0]!.steps);
      result.steps.forEach(({ loss, state }, k) => {
        expect(Math.abs(loss - steps[k]!.loss)).toBeLessThan(1e-6 * steps[k]!.loss);
        expect(state.values.t).toBeCloseTo(steps[k]!.state.values.t!, 6);
      });
    }
    const all = results.flatMap((result) => result.centers);
    expect(all).toHaveLength(centers.length);
    for (const [k, value] of centers.entries()) expect(Math.abs(all[k]! - value)).toBeLessThan(1e-6);
  });

  test('that die end the job', async () => {
    const { code, stderr } = await mpirun(3, 'die');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/rank 1|signal 9|Killed/);
  });

  test('that hang are told by those who wait, and the job ends', async () => {
    const { code, stderr } = await mpirun(3, 'hang');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/rank [02] of 3: waited 2 s in MPI_\w+, call \d+: another rank hangs/);
  });
});

test('a machine without MPI is told what to install', () => {
  const none = {
    load: () => {
      throw new Error('no such file');
    },
  };
  expect(() => openMpi({ koffi: none })).toThrow(/no MPI on this machine.*\n.*apt install openmpi-bin/);
  expect(() => loadMpi(koffi, '/no/libmpi.so')).toThrow(/no MPI library at \/no\/libmpi\.so/);
  expect(() => loadMpi(koffi, 'libc.so.6')).toThrow(/libc\.so\.6, which is no MPI/);
});

test.each<[Record<string, unknown>, RegExp]>([
  [{ timeoutSeconds: 0 }, /^timeoutSeconds = 0/],
  [{ timeout: 5 }, /'timeout'.*did you mean|timeoutSeconds/s],
])('%j is refused', (options, message) => {
  expect(() => openMpi({ koffi, ...options } as never)).toThrow(message);
});
