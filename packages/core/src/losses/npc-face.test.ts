import { expect, test } from 'vitest';
import type { HeadInput } from '../head/contract.ts';
import { accumulatedStep } from '../reference/accumulated-step.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { npcFace } from './npc-face.ts';

const plane = (...angles: number[]): Float64Array =>
  Float64Array.from(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]));

/** Samples at angles to the own class, which stands at 0, among negatives at others. */
const input = (samples: readonly number[], negatives: readonly number[]): HeadInput => ({
  embeddings: plane(...samples),
  weights: plane(0, ...negatives),
  labels: samples.map(() => 0),
  dim: 2,
});

/** Eqs. 5–9 as released, s = 1: T and every N. */
function expectedLogits(theta: number, negatives: readonly number[]): number[] {
  const own = Math.abs(theta);
  const cosines = negatives.map((angle) => Math.cos(angle - theta));
  const isHard = (cos: number): boolean => cos > Math.cos(own + 0.5);
  const hard = cosines.filter(isHard);
  const h = hard.length === 0 ? 0 : hard.reduce((a, b) => a + b) / hard.length;
  const target = Math.cos(own) > 0 ? Math.cos(own + 0.4 + 0.2 * h) : Math.cos(own);
  return [target, ...cosines.map((cos) => (isHard(cos) ? 1.1 * cos + 0.2 : cos))];
}

const NEGATIVES = [0.9, -1.1, 2, 3, -2.5];
const SAMPLES = [
  ['none is hard', -0.05],
  ['one is hard', 0.3],
  ['several are hard', 0.8],
  ['hard on the other side', -0.9],
  ['θ past π/2: T is plain', 1.8],
  ['the target nearly opposite', 3],
] as const;

test.each(SAMPLES)('%s, in one tile and in many', (_, theta) => {
  for (const tileSize of [1, 2, 6]) {
    const { inspection } = referenceStep(npcFace({ scale: 1 }), input([theta], NEGATIVES), {
      inspect: true,
      tileSize,
    });
    const expected = expectedLogits(theta, NEGATIVES);
    for (const [j, logit] of expected.entries()) expect(inspection!.logits[j]).toBeCloseTo(logit, 14);
  }
});

test('the cases above differ in what is hard', () => {
  const counts = SAMPLES.map(
    ([, theta]) =>
      NEGATIVES.filter((angle) => Math.cos(angle - theta) > Math.cos(Math.abs(theta) + 0.5)).length,
  );
  expect(counts.slice(0, 4)).toEqual([0, 1, 2, 1]);
});

test('without negatives h is 0', () => {
  const { inspection, loss } = referenceStep(npcFace({ scale: 1 }), input([0.3], []), { inspect: true });
  expect(inspection!.logits[0]).toBeCloseTo(Math.cos(0.7), 14);
  expect(loss).toBe(0);
});

test('no gradient flows through h: the slope of T is that of its margin as it came out', () => {
  const theta = 0.8;
  const [target, ...negatives] = expectedLogits(theta, NEGATIVES);
  const total = [target!, ...negatives].reduce((sum, z) => sum + Math.exp(z), 0);
  const own = Math.exp(target!) / total - 1;
  // ∂T/∂θ = −sin(θ + margin), ∂N/∂θ = t·sin(angle − θ) or sin(angle − θ).
  let expected = -own * Math.sin(Math.acos(target!));
  negatives.forEach((z, j) => {
    const hard = Math.cos(NEGATIVES[j]! - theta) > Math.cos(theta + 0.5);
    expected += (Math.exp(z) / total) * (hard ? 1.1 : 1) * Math.sin(NEGATIVES[j]! - theta);
  });
  const { gradEmbeddings } = referenceStep(npcFace({ scale: 1 }), input([theta], NEGATIVES));
  // Along the circle.
  const along = -Math.sin(theta) * gradEmbeddings[0]! + Math.cos(theta) * gradEmbeddings[1]!;
  expect(along).toBeCloseTo(expected, 13);
});

test('T of micro-batches is that of the batch', () => {
  const angles = SAMPLES.map(([, theta]) => theta);
  const whole = referenceStep(npcFace(), input(angles, NEGATIVES), { inspect: true });
  const { weights } = input([], NEGATIVES);
  const parts = accumulatedStep(
    npcFace(),
    [angles.slice(0, 1), angles.slice(1)].map((some) => ({ ...input(some, NEGATIVES), weights })),
    { inspect: true, tileSize: 2 },
  );
  const logits = parts.outputs.flatMap(({ inspection }) => Array.from(inspection!.logits));
  for (const [at, logit] of logits.entries()) expect(logit).toBeCloseTo(whole.inspection!.logits[at]!, 12);
});
