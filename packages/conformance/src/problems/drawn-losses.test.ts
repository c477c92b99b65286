import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DRAWN_MARGINS,
  DRAWN_MODULATIONS,
  DRAWN_STATES,
  DRAWN_WEIGHTINGS,
  drawnLoss,
  isAccepted,
  type LossSpec,
  lossSpecs,
} from './drawn-losses.ts';

const base: LossSpec = {
  geometry: 'cosine',
  scale: 1,
  bias: false,
  margin: 'none',
  modulation: 'plain',
  state: 'none',
  regulariser: false,
  weighting: 'none',
};
const accepted = (field: keyof LossSpec, values: object, geometry: LossSpec['geometry']): string[] =>
  Object.keys(values).filter((value) => isAccepted({ ...base, geometry, [field]: value }));

test('on the sphere every margin, modulation, state and weighting has a meaning', () => {
  for (const geometry of ['cosine', 'norm-scaled'] as const) {
    expect(accepted('margin', DRAWN_MARGINS, geometry)).toEqual(Object.keys(DRAWN_MARGINS));
    expect(accepted('modulation', DRAWN_MODULATIONS, geometry)).toEqual(Object.keys(DRAWN_MODULATIONS));
    expect(accepted('state', DRAWN_STATES, geometry)).toEqual(Object.keys(DRAWN_STATES));
    expect(accepted('weighting', DRAWN_WEIGHTINGS, geometry)).toEqual(Object.keys(DRAWN_WEIGHTINGS));
  }
});

test('on inner products those that need neither a cosine nor ‖x‖', () => {
  expect(accepted('margin', DRAWN_MARGINS, 'inner')).toEqual([
    'none',
    'additive',
    'combined, cosine',
    'a cosine a sample',
  ]);
  expect(accepted('modulation', DRAWN_MODULATIONS, 'inner')).toEqual([
    'plain',
    'arc tangent',
    'a factor a sample',
  ]);
  expect(accepted('state', DRAWN_STATES, 'inner')).toEqual(Object.keys(DRAWN_STATES));
  expect(isAccepted({ ...base, geometry: 'inner', bias: true, scale: 4 })).toBe(true);
});

test('every geometry, and every part of each, is drawn', () => {
  const drawn = fc.sample(lossSpecs(), { numRuns: 2000, seed: 1 });
  for (const geometry of ['cosine', 'norm-scaled', 'inner'] as const) {
    const of = drawn.filter((spec) => spec.geometry === geometry);
    expect(of.length).toBeGreaterThan(400);
    const seen = (field: keyof LossSpec): unknown[] => [...new Set(of.map((spec) => spec[field]))].sort();
    expect(seen('margin')).toEqual(accepted('margin', DRAWN_MARGINS, geometry).sort());
    expect(seen('modulation')).toEqual(accepted('modulation', DRAWN_MODULATIONS, geometry).sort());
    expect(seen('state')).toEqual(Object.keys(DRAWN_STATES).sort());
    expect(seen('weighting')).toEqual(Object.keys(DRAWN_WEIGHTINGS).sort());
    expect(seen('scale').length).toBe(geometry === 'norm-scaled' ? 1 : 5);
    expect(seen('bias').length).toBe(geometry === 'inner' ? 2 : 1);
    expect(seen('regulariser').length).toBe(geometry === 'inner' ? 1 : 2);
  }
});

test('a loss is that of its specification', () => {
  const spec: LossSpec = { ...base, geometry: 'inner', scale: 4, bias: true, weighting: 'ohem' };
  expect(drawnLoss(spec)).toMatchObject({ name: 'ohem(drawn)', geometry: 'inner', scale: 4, bias: true });
});
