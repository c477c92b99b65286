import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adaFace } from '../../../losses/ada-face.ts';
import { curricularFace } from '../../../losses/curricular-face.ts';
import { magFace } from '../../../losses/mag-face.ts';
import type { MarginLoss } from '../../../losses/margin-loss.ts';
import { marginLoss } from '../../../losses/own-loss.ts';
import { sphereFace } from '../../../losses/sphere-face.ts';
import { focal, selfPaced } from '../../../losses/weighted.ts';
import { batchOps } from '../../../readings/batch.ts';
import { type Dual, dualOps, fixed, variable } from '../../../readings/dual.ts';
import { initialState } from '../../../state/loss-state.ts';
import { negativeLogLikelihood } from './negative-log-likelihood.ts';
import { type PreparedSamples, prepareSamples } from './prepare-samples.ts';
import { type ReducedSamples, reduceSamples } from './reduce-samples.ts';
import { targetSlopes } from './target-slopes.ts';

const innerLoss = marginLoss({ name: 'inner', geometry: 'inner', scale: 4, bias: true });
const LOSSES = [curricularFace(), sphereFace(), magFace(), adaFace(), innerLoss].map(
  (loss) => [loss.name, loss] as const,
);

interface Sample {
  readonly cos: number;
  readonly norm: number;
  readonly gap: number;
  readonly weight: number;
}

const samples = fc.array(
  fc.record({
    cos: fc.double({ min: -0.95, max: 0.95, noNaN: true }),
    norm: fc.double({ min: 11, max: 50, noNaN: true }),
    gap: fc.double({ min: -5, max: 5, noNaN: true }),
    weight: fc.double({ min: 0, max: 2, noNaN: true }),
  }),
  { minLength: 1, maxLength: 5 },
);

const column = (batch: readonly Sample[], pick: (sample: Sample) => number): Float64Array =>
  Float64Array.from(batch, pick);

/** Both phases, with negatives whose log-sum-exp is `gap` above the target's logit. */
function phases(
  loss: MarginLoss,
  batch: readonly Sample[],
  mode: 'train' | 'eval' = 'train',
): {
  prepared: PreparedSamples<Float64Array, Uint8Array>;
  max: Float64Array;
  reduced: ReducedSamples<Float64Array>;
} {
  const { values } = initialState(loss);
  const state = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Float64Array.of(value)]),
  );
  const norm = column(batch, (sample) => sample.norm);
  const prepared = prepareSamples(batchOps, loss, {
    cos: column(batch, ({ cos }) => cos),
    sin: column(batch, ({ cos }) => Math.sqrt(1 - cos * cos)),
    norm,
    draws: undefined,
    bias: undefined,
    classes: Float64Array.of(9),
    labels: column(batch, () => 0),
    ofClass: {},
    surveyed: undefined,
    state,
    mode,
  });
  const max = batchOps.add(
    prepared.targetLogit,
    column(batch, ({ gap }) => gap),
  );
  const reduced = reduceSamples(batchOps, loss, {
    targetLogit: prepared.targetLogit,
    negatives: { max, sum: new Float64Array(batch.length).fill(1) },
    sums: {},
    logitScale: prepared.logitScale,
    classes: Float64Array.of(9),
    norm,
    sampleWeights: column(batch, ({ weight }) => weight),
    state,
    next: prepared.next,
    mode,
  });
  return { prepared, max, reduced };
}

const entry = (values: Float64Array, i: number): number => (values.length === 1 ? values[0]! : values[i]!);

describe.each(LOSSES)('the phases of %s', (_, loss) => {
  test('target and norm pull as the loss falls', () => {
    fc.assert(
      fc.property(samples, (batch) => {
        const { prepared, max, reduced } = phases(loss, batch);
        const slopes = targetSlopes(batchOps, loss, { ...prepared, ...reduced });
        batch.forEach(({ cos, norm, weight }, i) => {
          const sample = Object.fromEntries(
            Object.entries(prepared.sampleValues).map(([name, values]) => [name, fixed(entry(values, i))]),
          );
          /** w·nll + w·R of one sample, by its cosine or by its norm, everything else held. */
          const lossBy = (by: 'cos' | 'norm'): number => {
            const length = by === 'norm' ? variable(norm) : fixed(norm);
            const cosine = by === 'cos' ? variable(cos) : fixed(cos);
            const sin = dualOps.sqrt(dualOps.sub(fixed(1), dualOps.mul(cosine, cosine)));
            const { value } = loss.target(dualOps, { cos: cosine, sin, norm: length }, sample);
            const scale = loss.geometry === 'norm-scaled' ? length : fixed(loss.scale);
            const negatives = { max: fixed(max[i]!), sum: fixed(1) };
            const { nll } = negativeLogLikelihood<Dual, boolean>(
              dualOps,
              dualOps.mul(scale, value),
              negatives,
            );
            return (
              (weight / batch.length) * (nll.slope + (loss.regulariser?.(dualOps, length).value.slope ?? 0))
            );
          };
          const close = (actual: number, expected: number): void =>
            expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-10 * Math.max(1, Math.abs(expected)));
          close(entry(slopes.slope, i), lossBy('cos'));
          close(entry(slopes.radial, i), lossBy('norm'));
        });
      }),
      { numRuns: 50 },
    );
  });

  test('evaluation moves no state, training the step by one', () => {
    const batch = [{ cos: 0.3, norm: 20, gap: 1, weight: 1 }];
    const before = initialState(loss).values;
    const after = (mode: 'train' | 'eval'): Record<string, number> =>
      Object.fromEntries(
        Object.entries(phases(loss, batch, mode).reduced.next).map(([name, value]) => [name, value[0]!]),
      );
    expect(after('eval')).toEqual(before);
    expect(after('train').step).toBe(1);
    expect(Object.keys(after('train')).sort()).toEqual(Object.keys(before).sort());
  });
});

test('scale of the geometry: s on inner products and cosines, the norm where the row is scaled by it', () => {
  const batch = [{ cos: 0.5, norm: 20, gap: 0, weight: 1 }];
  const logitOf = (geometry: 'inner' | 'cosine' | 'norm-scaled'): number =>
    phases(
      marginLoss({ name: geometry, geometry, ...(geometry === 'norm-scaled' ? {} : { scale: 4 }) }),
      batch,
    ).prepared.targetLogit[0]!;
  expect([logitOf('inner'), logitOf('cosine'), logitOf('norm-scaled')]).toEqual([2, 2, 10]);
});

test('G weighs the losses, and its state joins the next one', () => {
  const batch = [{ cos: 0.2, norm: 20, gap: 2, weight: 1 }];
  const plain = phases(curricularFace(), batch).reduced;
  const weighted = phases(focal(curricularFace(), { gamma: 2 }), batch).reduced;
  expect(weighted.losses[0]).toBeCloseTo(plain.losses[0]! * plain.miss[0]! ** 2, 12);
  expect(weighted.loss[0]).toBeCloseTo(weighted.losses[0]!, 12);
  expect(Object.keys(phases(selfPaced(curricularFace()), batch).reduced.next).sort()).toEqual([
    'pace',
    'step',
    't',
  ]);
});
