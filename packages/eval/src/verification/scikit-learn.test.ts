import { spawnSync } from 'node:child_process';
import { createRandom } from '@cf/core';
import { expect, it } from 'vitest';
import { verify } from './verify.ts';

/** A Python with scikit-learn (Debian's python3-sklearn), if it is here. */
const PYTHON = ['/usr/bin/python3', 'python3'].find((python) => {
  const found = "import importlib.util as u, sys; sys.exit(u.find_spec('sklearn') is None)";
  return spawnSync(python, ['-c', found]).status === 0;
});

const SCRIPT = `
import sys, struct, warnings
import numpy as np
from sklearn.metrics import auc, roc_auc_score, roc_curve
warnings.simplefilter('ignore')
data = sys.stdin.buffer.read()
at = 0
out = sys.stdout.buffer
while at < len(data):
    size, = struct.unpack_from('<d', data, at)
    size = int(size)
    table = np.frombuffer(data, '<f8', 2 * size, at + 8)
    at += 8 + 16 * size
    scores, same = table[:size], table[size:]
    fpr, tpr, thresholds = roc_curve(same, scores, drop_intermediate=False)
    k = int(np.argmax(fpr - (1 - tpr) >= 0))
    before, after = 1 - tpr[k - 1] - fpr[k - 1], fpr[k] - (1 - tpr[k])
    eer = fpr[k - 1] + before / (before + after) * (fpr[k] - fpr[k - 1])
    row = [len(fpr), roc_auc_score(same, scores), auc(fpr, tpr), eer, *fpr, *tpr, *thresholds]
    out.write(np.asarray(row, '<f8').tobytes())
`;

const random = createRandom('scikit-learn');
/** Pairs of both kinds in turn, shifted apart, as coarse as is asked. */
const drawn = (count: number, apart: number, grain: number) => {
  const same = Array.from({ length: count }, (_, n) => (n < 2 ? n : random.integer(0, 2)));
  return { same, scores: same.map((is) => Math.round((random.normal() + apart * is) / grain) * grain) };
};

const CASES = [
  { scores: [1, 0], same: [1, 0] },
  { scores: [0, 1], same: [1, 0] },
  { scores: [0.5, 0.5], same: [1, 0] },
  { scores: [-0, 0, 5e-324, -5e-324, 1e308, -1e308], same: [1, 0, 1, 0, 0, 1] },
  { scores: [1, 1, 1, 1, 1, 1, 2], same: [0, 0, 0, 0, 0, 0, 1] },
  ...[3, 10, 41, 300].flatMap((count) => [drawn(count, 1, 1e-9), drawn(count, 2, 0.5), drawn(count, 0, 2)]),
  drawn(20_000, 1.5, 0.01),
  drawn(100_000, 3, 1e-12),
];

it.skipIf(PYTHON === undefined)(
  'ROC, AUC and EER are those of scikit-learn to 1e-12 (needs python3-sklearn)',
  () => {
    const bytes = Buffer.concat(
      CASES.map(({ scores, same }) =>
        Buffer.from(Float64Array.from([scores.length, ...scores, ...same]).buffer),
      ),
    );
    const run = spawnSync(PYTHON!, ['-c', SCRIPT], { input: bytes, maxBuffer: 2 ** 26 });
    expect(run.stderr.toString()).toBe('');
    const theirs = new Float64Array(new Uint8Array(run.stdout).buffer);
    let at = 0;
    const near = (ours: number, other: number) => expect(Math.abs(ours - other)).toBeLessThanOrEqual(1e-12);
    for (const { scores, same } of CASES) {
      const { roc, auc, eer } = verify({ scores, same });
      const [points, auroc, area, equal] = theirs.subarray(at, at + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      expect(roc).toHaveLength(points);
      for (const other of [auroc, area]) near(auc, other);
      near(eer, equal);
      const [fpr, tpr, threshold] = [0, 1, 2].map((part) =>
        theirs.subarray(at + 4 + part * points, at + 4 + (part + 1) * points),
      ) as [Float64Array, Float64Array, Float64Array];
      let furthest = 0;
      for (const [n, point] of roc.entries()) {
        furthest = Math.max(furthest, Math.abs(point.far - fpr[n]!), Math.abs(point.tar - tpr[n]!));
        // Theirs is the lowest score that is accepted; ours lies at or below it, above the next.
        if (n > 0)
          expect(point.threshold <= threshold[n]! && !(point.threshold <= threshold[n + 1]!)).toBe(true);
      }
      expect(furthest).toBeLessThanOrEqual(1e-12);
      at += 4 + 3 * points;
    }
    expect(at).toBe(theirs.length);
  },
);
