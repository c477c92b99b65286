import { expect, test } from 'vitest';
import { type Place, whoIsMissing } from './waiting.ts';

const own: Place = { call: 18, name: 'MPI_Reduce' };
const at = (call: number, name = 'MPI_Reduce'): Place => ({ call, name });
const told = (size: number, heard: readonly [number, Place][]): string =>
  whoIsMissing({
    rank: 0,
    own,
    hosts: Array.from({ length: size }, (_, k) => `h${k}`),
    heard: new Map(heard),
    silentSeconds: 90,
  });

test.each<[number, [number, Place][], string]>([
  [2, [], 'rank 1 on h1 hangs, in no call for 90 s or not to be reached'],
  [4, [[2, own]], 'ranks 1 on h1, 3 on h3 hang, in no call for 90 s or not to be reached'],
  [2, [[1, at(17, 'MPI_Bcast')]], 'rank 1 on h1 waits in MPI_Bcast, call 17'],
  [2, [[1, at(19)]], 'rank 1 on h1 waits in MPI_Reduce, call 19'],
  [2, [[1, at(18, 'MPI_Barrier')]], 'rank 1 on h1 waits in MPI_Barrier, call 18'],
  [
    5,
    [
      [4, at(19)],
      [2, at(17)],
      [1, at(19)],
    ],
    'rank 3 on h3 hangs, in no call for 90 s or not to be reached; ' +
      'ranks 1 on h1, 4 on h4 wait in MPI_Reduce, call 19; rank 2 on h2 waits in MPI_Reduce, call 17',
  ],
  [2, [[1, own]], 'all ranks wait in it, with lengths that differ'],
])('of %d ranks, with %j heard', (size, heard, message) => {
  expect(told(size, heard)).toBe(message);
});

test('of many the first are named', () => {
  expect(told(101, [])).toMatch(/^ranks 1 on h1, .*, 8 on h8 and 92 more hang/);
});
