import { arcFace, createLoss, focal, LOSS_NAMES, ohem, type SampleWeighting, selfPaced } from '@cf/core';
import { describe, expect, test } from 'vitest';
import { readsLosses } from './reads-losses.ts';

const uniform = arcFace().weighting;

describe('readsLosses', () => {
  test.each(['train', 'eval'] as const)('of the weightings of the library, mode %s', (mode) => {
    const read = (loss = arcFace()) => readsLosses(loss.weighting, mode);
    expect(read()).toBe(false);
    expect(read(focal(arcFace()))).toBe(true);
    expect(read(ohem(arcFace()))).toBe(true);
    for (const regulariser of ['hard', 'linear', 'mixture'] as const) {
      expect(read(selfPaced(arcFace(), { regulariser }))).toBe(true);
    }
    for (const name of LOSS_NAMES) {
      const { weighting } = createLoss(name, {}, { classCounts: [3, 8] });
      expect(readsLosses(weighting, mode), name).toBe(weighting !== uniform);
    }
  });

  test('of a weighting of your own: what its formula does counts, not its name', () => {
    const warming: SampleWeighting = {
      name: 'warming',
      gradient: 'frozen',
      initialValues: { warmth: 0.1 },
      reduce: (ops, { nll, sampleWeights }, state) => {
        const weights = ops.mul(state.warmth!, sampleWeights);
        const batch = ops.count(nll);
        const losses = ops.mul(weights, nll);
        return { losses, loss: ops.div(ops.sum(losses), batch), dNll: ops.div(weights, batch), next: {} };
      },
    };
    expect(readsLosses(warming, 'train')).toBe(false);
    // The mean loss decides over the whole batch.
    const gated: SampleWeighting = {
      ...uniform,
      reduce: (ops, samples, state, mode) => {
        const plain = uniform.reduce(ops, samples, state, mode);
        const calm = ops.greater(ops.constant(5), plain.loss);
        return { ...plain, dNll: ops.select(ops.not(calm), plain.dNll, ops.constant(0)) };
      },
    };
    expect(readsLosses(gated, 'train')).toBe(true);
  });
});
