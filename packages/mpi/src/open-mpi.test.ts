import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterAll, describe, expect, test } from 'vitest';
import { loadMpi } from './library.ts';
import { openMpi } from './open-mpi.ts';
import { CLASSES, type Ending, type RankResult, trainedCenters } from './testing/ranks.ts';

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
      expect(result.hosts).toEqual(new Array(size).fill(hostname()));
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

  test.each<[Ending, number, string]>([
    ['stop', 3, 'waited 3 s in MPI_(Reduce, call 1|Bcast, call 2): rank 1 on HOST hangs'],
    ['busy', 2, 'waited 3 s in MPI_Reduce, call 1: rank 1 on HOST hangs'],
    ['stop later', 2, 'waited 3 s in MPI_Reduce, call 2: rank 1 on HOST hangs'],
    ['stay', 3, 'waited 3 s in MPI_Finalize, call 1: rank 1 on HOST hangs'],
    ['stop, serialized', 2, 'waited 3 s in MPI_Reduce, call 1: another rank hangs, or is at another call'],
  ])('that hang are named by those who wait, and the job ends: %s', async (ending, size, message) => {
    const { code, stderr } = await mpirun(size, ending);
    expect(stderr).toMatch(new RegExp(`rank [02] of ${size}: ${message.replace('HOST', hostname())}`));
    expect(code).toBe(75);
  });

  test('that wait in different calls are told which, and the job ends', async () => {
    const { code, stderr } = await mpirun(2, 'elsewhere');
    const host = hostname();
    const [reduce, barrier] = ['MPI_Reduce, call 1', 'MPI_Barrier, call 1'];
    expect([
      `rank 0 of 2: waited 3 s in ${reduce}: rank 1 on ${host} waits in ${barrier}. The job ends on all ranks.`,
      `rank 1 of 2: waited 3 s in ${barrier}: rank 0 on ${host} waits in ${reduce}. The job ends on all ranks.`,
    ]).toContain(stderr.split('\n')[0]);
    expect(code).toBe(75);
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
  [{ timeoutSeconds: Number.POSITIVE_INFINITY }, /^timeoutSeconds = null|^timeoutSeconds = Infinity/],
  [{ timeout: 5 }, /'timeout'.*did you mean|timeoutSeconds/s],
])('%j is refused', (options, message) => {
  expect(() => openMpi({ koffi, ...options } as never)).toThrow(message);
});
