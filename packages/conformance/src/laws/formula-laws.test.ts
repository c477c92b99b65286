import { arcFace, type MarginLoss, magFace, referenceBackend } from '@cf/core';
import { describe, expect, test } from 'vitest';
import { FORMULA_LAWS } from '../backend-laws.ts';
import { SPECIMENS, type Specimen } from '../problems/specimens.ts';
import { slopesMatchDual } from './gradients.ts';
import type { Law } from './law.ts';
import { frozenLossNeverRises, targetNeverFalls } from './monotony.ts';

const parameters = { numRuns: 30, seed: 7 };

describe('every law of formulas finds a fault', () => {
  const base = SPECIMENS.find(({ name }) => name === 'curricularface')!;
  const specimen = (loss: MarginLoss): Specimen => ({ ...base, name: 'faulty', create: () => loss });
  const check = (law: Law, loss: MarginLoss): Promise<void> =>
    law.check({ backend: referenceBackend(), specimens: [specimen(loss)], parameters });
  const curricular = base.create();
  const magnitude = magFace({ easyMargin: false });

  test.each<[string, Law, MarginLoss]>([
    [
      'T′ is off',
      slopesMatchDual,
      {
        ...curricular,
        target: (ops, p, sample) => ({ ...curricular.target(ops, p, sample), dCos: ops.constant(1) }),
      },
    ],
    [
      'N′ forgets t',
      slopesMatchDual,
      {
        ...curricular,
        negative: (ops, cos, pivot, sample) => ({
          ...curricular.negative(ops, cos, pivot, sample),
          dCos: ops.mul(ops.constant(2), cos),
        }),
      },
    ],
    [
      'the slope along the norm is missing',
      slopesMatchDual,
      {
        ...magnitude,
        target: (ops, p, sample) => ({ ...magnitude.target(ops, p, sample), dNorm: ops.constant(0) }),
      },
    ],
    [
      'the slope of the regulariser is off',
      slopesMatchDual,
      {
        ...magnitude,
        regulariser: (ops, norm) => ({ ...magnitude.regulariser!(ops, norm), dNorm: ops.constant(0.01) }),
      },
    ],
    ['T turns past π', targetNeverFalls, arcFace({ beyondPi: 'cosine' })],
    ['T turns past π, seen in the loss', frozenLossNeverRises, arcFace({ scale: 8, beyondPi: 'cosine' })],
  ])('%s', async (_, law, loss) => {
    await check(law, curricular);
    await expect(check(law, loss)).rejects.toThrow(/^faulty: /);
  });

  test('no law is left without a fault', () => {
    expect(FORMULA_LAWS).toEqual([slopesMatchDual, targetNeverFalls, frozenLossNeverRises]);
  });
});
