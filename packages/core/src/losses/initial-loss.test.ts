import { beforeAll, describe, expect, test } from 'vitest';
import { closeBatch } from '../head/phases/close-batch.ts';
import { openBatch } from '../head/phases/open-batch.ts';
import { runNow } from '../head/phases/steps.ts';
import { seeNegatives } from '../reference/negatives.ts';
import { tileStream } from '../reference/tiles.ts';
import { arcFace } from './arc-face.ts';
import { curricularFace } from './curricular-face.ts';
import type { MarginLoss } from './margin-loss.ts';

const CLASSES = 85_742;
const DIM = 512;
const BATCH = 32;
const SCALE = 64;
const MARGIN = 0.5;

/** Standard normal numbers from a xorshift generator, both of each Box–Muller pair: quick, for 44 million. */
function normals(length: number, seed: number): Float32Array {
  let state = seed;
  const uniform = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 4294967296;
  };
  const out = new Float32Array(length);
  for (let i = 0; i < length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    out[i] = radius * Math.cos(angle);
    if (i + 1 < length) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/** Loss of a batch and its mean target cosine; the forward phases alone, for speed. */
function forward(
  loss: MarginLoss,
  embeddings: Float32Array,
  weights: Float32Array,
): { loss: number; meanCosine: number; hardShare: number } {
  const labels = Int32Array.from({ length: BATCH }, (_, i) => (2654 * i) % CLASSES);
  const input = { embeddings, weights, labels, dim: DIM };
  const batch = runNow(
    openBatch({
      loss,
      input,
      options: { checkFinite: false },
      survey: () => {
        throw new Error('no survey');
      },
    }),
  );
  const seen = seeNegatives(batch, tileStream(batch, 512));
  return {
    loss: closeBatch(batch, seen).loss,
    meanCosine: batch.points.cos.reduce((sum, c) => sum + c, 0) / BATCH,
    hardShare: seen.counts!.hard / (BATCH * (CLASSES - 1)),
  };
}

/**
 * Random unit vectors have cosines of variance 1/d, so E e^{s·c²} = 1/√(1 − 2s/d) and E e^{s·c} = e^{s²/2d}, and the
 * target logit −s·sin m·√(1 − c²) comes to −s·sin m·(1 − 1/2d).
 */
const target = SCALE * Math.sin(MARGIN) * (1 - 1 / (2 * DIM));
const curricular = Math.log(CLASSES - 1) + target - 0.5 * Math.log(1 - (2 * SCALE) / DIM);
const arc = Math.log(CLASSES - 1) + target + SCALE ** 2 / (2 * DIM);

describe('the loss of random embeddings over 85,742 classes (s = 64, m = 0.5, d = 512)', () => {
  const embeddings = normals(BATCH * DIM, 0x1234567);
  let weights: Float32Array;
  beforeAll(() => {
    weights = normals(CLASSES * DIM, 0x2545f491);
  });

  test.each([
    ['CurricularFace', 42.16, curricular, curricularFace({ scale: SCALE, margin: MARGIN })],
    ['ArcFace', 46.0, arc, arcFace({ scale: SCALE, margin: MARGIN })],
  ] as const)(
    '%s starts at %d',
    (name, stated, formula, loss) => {
      expect(Math.abs(formula - stated)).toBeLessThan(0.05);
      const output = forward(loss, embeddings, weights);
      // A sample scatters by s·cos m/√d = 2.5, through its own cosine.
      const scatter = (SCALE * Math.cos(MARGIN)) / Math.sqrt(DIM);
      expect(scatter).toBeCloseTo(2.5, 1);
      expect(Math.abs(output.loss - formula)).toBeLessThan((4 * scatter) / Math.sqrt(BATCH));
      // With that cosine's share taken out what is left is the sum over the classes, which hardly scatters.
      const steadied = output.loss + SCALE * Math.cos(MARGIN) * output.meanCosine;
      expect(Math.abs(steadied - formula)).toBeLessThan(0.1);
      if (name === 'CurricularFace') expect(output.hardShare).toBeGreaterThan(0.999);
    },
    60_000,
  );
});
