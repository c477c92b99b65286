import { describe, expect, it } from 'vitest';
import { verify } from './verify.ts';

/** n genuine and n impostor pairs in turn, from the highest score down, a genuine one first. */
function interleaved(n: number): { scores: number[]; same: number[] } {
  const scores = Array.from({ length: 2 * n }, (_, i) => (2 * n - i) / (2 * n));
  return { scores, same: scores.map((_, i) => (i + 1) % 2) };
}

describe('TAR at FAR', () => {
  it('needs one impostor pair for each 1/FAR', () => {
    for (const [far, required] of [
      [1e-1, 10],
      [1e-2, 100],
      [1e-3, 1000],
      [1e-4, 10_000],
      [0.3, 4],
      [1 / 49, 49],
      [1, 1],
    ] as const) {
      for (const n of [required - 1, required]) {
        if (n < 1) continue;
        const [entry] = verify({ ...interleaved(n), fars: [far] }).tarAtFar;
        expect(entry!.required).toBe(required);
        expect(entry!.impostorPairs).toBe(n);
        expect(entry!.status).toBe(n < required ? 'too few impostor pairs' : 'ok');
        expect(entry!.tar === null).toBe(n < required);
        expect(entry!.threshold === null).toBe(n < required);
      }
    }
  });

  it('allows exactly the false accepts that the rate pays for', () => {
    // genuine, impostor, genuine, impostor …: k false accepts come with k + 1 true accepts.
    const { tarAtFar } = verify(interleaved(1000));
    expect(tarAtFar.map((entry) => entry.tar)).toEqual([0.101, 0.011, 0.002, null, null, null]);
  });

  it('does not count a genuine pair that ties with one impostor pair too many', () => {
    const scores = [1, 1, ...new Array(9).fill(0)];
    const same = [1, 0, ...new Array(9).fill(0)];
    expect(verify({ scores, same, fars: [0.1] }).tarAtFar[0]!.tar).toBe(1);
    expect(verify({ scores: [...scores, 1, 0.5], same: [...same, 0, 1], fars: [0.1] }).tarAtFar[0]!.tar).toBe(
      0,
    );
  });
});
