import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterAll, describe, expect, test } from 'vitest';
import { loadMpi } from './library.ts';
import { openMpi } from './open-mpi.ts';
import { readResults, requireAsOne } from './testing/as-one.ts';
import { alone, type Ended, hasMpich, hasMpirun, mpiexecOfMpich, mpirun } from './testing/mpirun.ts';
import type { Ending } from './testing/ranks.ts';

const folder = mkdtempSync(join(tmpdir(), 'ranks-'));
afterAll(() => rmSync(folder, { recursive: true }));

const onThisMachine = (size: number, ...args: readonly string[]): Promise<Ended> =>
  mpirun(['--oversubscribe', '-np', String(size)], [folder, ...args]);

describe.skipIf(!hasMpirun)('ranks (needs openmpi-bin)', () => {
  test.each([1, 2, 3])('%d of them do as one, and have the same bits', async (size) => {
    const { code, stderr } = await onThisMachine(size);
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const results = readResults(folder, size);
    await requireAsOne(results, new Array(size).fill(hostname()));
  });

  test('that another MPI has started do not train each alone', async () => {
    const { code, stderr } = await alone(folder, { PMI_SIZE: '2' });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/Open MPI \(libmpi\.so\.40\), which knows of 1 rank where PMI_SIZE = 2/);
  });

  test('that die end the job', async () => {
    const { code, stderr } = await onThisMachine(3, 'die');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/rank 1|signal 9|Killed/);
  });

  test.each<[Ending, number, string]>([
    ['stop', 3, 'waited 5 s in MPI_(Reduce, call 1|Bcast, call 2): rank 1 on HOST hangs'],
    ['busy', 2, 'waited 5 s in MPI_Reduce, call 1: rank 1 on HOST hangs'],
    ['stop later', 2, 'waited 5 s in MPI_Reduce, call 2: rank 1 on HOST hangs'],
    ['stay', 3, 'waited 5 s in MPI_Finalize, call 1: rank 1 on HOST hangs'],
    ['stop, serialized', 2, 'waited 5 s in MPI_Reduce, call 1: another rank hangs, or is at another call'],
  ])('that hang are named by those who wait, and the job ends: %s', async (ending, size, message) => {
    const { code, stderr } = await onThisMachine(size, ending);
    expect(stderr).toMatch(new RegExp(`rank [02] of ${size}: ${message.replace('HOST', hostname())}`));
    expect(code).toBe(75);
  });

  test('that wait in different calls are told which, and the job ends', async () => {
    const { code, stderr } = await onThisMachine(2, 'elsewhere');
    const host = hostname();
    const [reduce, barrier] = ['MPI_Reduce, call 1', 'MPI_Barrier, call 1'];
    const expected = [
      `rank 0 of 2: waited 5 s in ${reduce}: rank 1 on ${host} waits in ${barrier}. The job ends on all ranks.`,
      `rank 1 of 2: waited 5 s in ${barrier}: rank 0 on ${host} waits in ${reduce}. The job ends on all ranks.`,
    ];
    // What mpirun itself says of the end may come before or after.
    const lines = stderr.split('\n');
    expect([stderr, expected.some((line) => lines.includes(line))]).toEqual([stderr, true]);
    expect(code).toBe(75);
  });
});

describe.skipIf(!hasMpich)('ranks of MPICH (needs mpich)', () => {
  test('do as one, and have the same bits', async () => {
    const { code, stderr } = await mpiexecOfMpich(3, folder);
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const results = readResults(folder, 3);
    expect(results.map(({ library }) => library)).toEqual(['MPICH', 'MPICH', 'MPICH']);
    await requireAsOne(results, new Array(3).fill(hostname()));
  });

  test('that hang are named by those who wait, and the job ends', async () => {
    const { code, stderr } = await mpiexecOfMpich(2, folder, 'stop');
    expect(stderr).toContain(`rank 0 of 2: waited 5 s in MPI_Reduce, call 1: rank 1 on ${hostname()} hangs`);
    expect(code).toBe(75);
  });
});

test('a machine without MPI is told what to install', () => {
  const none = {
    config: () => ({ async_stack_size: 2 ** 24 }),
    load: () => {
      throw new Error('no such file');
    },
  };
  expect(() => openMpi({ koffi: none })).toThrow(/no MPI on this machine.*\n.*apt install openmpi-bin/);
  const fixed = {
    ...none,
    config(changes?: object) {
      if (changes) throw new Error('too late');
      return { async_stack_size: 2 ** 17 };
    },
  };
  expect(() => openMpi({ koffi: fixed })).toThrow(/131072 bytes of stack.*\n.*before koffi loads another/);
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
