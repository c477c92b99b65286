import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawnLoss, isAccepted, type LossSpec, lossSpecs } from './drawn-losses.ts';
import {
  DRAWN_MARGINS,
  DRAWN_MODULATIONS,
  DRAWN_OBJECTIVES,
  DRAWN_STATES,
  DRAWN_WEIGHTINGS,
} from './drawn-parts.ts';

const base: LossSpec = {
  geometry: 'cosine',
  scale: 1,
  bias: 'none',
  lossWeight: 1,
  objective: 'softmax',
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
    expect(accepted('weighting', DRAWN_WEIGHTINGS, geometry)).toEqual(Object.keys(DRAWN_WEIGHTINGS));
  }
});

test('on inner products those that need neither a cosine nor ‖x‖', () => {
  expect(accepted('margin', DRAWN_MARGINS, 'inner')).toEqual([
    'none',
    'additive',
    'combined, cosine',
    'a cosine a sample',
    'by the negatives',
  ]);
  expect(accepted('modulation', DRAWN_MODULATIONS, 'inner')).toEqual([
    'plain',
    'arc tangent',
    'a factor a sample',
  ]);
  expect(isAccepted({ ...base, geometry: 'inner', bias: 'each class', scale: 4 })).toBe(true);
});

const softmaxes = ['softmax', 'smoothed'];

test('a survey and a binary objective on cosines alone, a scale that moves wherever there is a scale', () => {
  const states = Object.keys(DRAWN_STATES);
  const without = (...names: string[]): string[] => states.filter((name) => !names.includes(name));
  expect(accepted('state', DRAWN_STATES, 'cosine')).toEqual(states);
  const scales = ['a scale that moves', 'a scale of each class'];
  expect(accepted('state', DRAWN_STATES, 'norm-scaled')).toEqual(without(...scales, 'survey'));
  expect(accepted('state', DRAWN_STATES, 'inner')).toEqual(without('survey'));
  expect(accepted('objective', DRAWN_OBJECTIVES, 'cosine')).toEqual(Object.keys(DRAWN_OBJECTIVES));
  for (const geometry of ['norm-scaled', 'inner'] as const)
    expect(accepted('objective', DRAWN_OBJECTIVES, geometry)).toEqual(softmaxes);
  const binary = { ...base, objective: 'binary' };
  expect(isAccepted({ ...binary, margin: 'by the negatives' })).toBe(false);
  for (const bias of ['none', 'each class', 'all classes'] as const) {
    expect(isAccepted({ ...binary, bias })).toBe(true);
    expect(isAccepted({ ...base, bias })).toBe(bias === 'none');
    expect(isAccepted({ ...base, geometry: 'inner', bias })).toBe(bias !== 'all classes');
  }
});

test('every geometry, and every part of each, is drawn', () => {
  const drawn = fc.sample(lossSpecs(), { numRuns: 4000, seed: 1 });
  for (const geometry of ['cosine', 'norm-scaled', 'inner'] as const) {
    const of = drawn.filter((spec) => spec.geometry === geometry);
    expect(of.length).toBeGreaterThan(400);
    const seen = (field: keyof LossSpec): unknown[] => [...new Set(of.map((spec) => spec[field]))].sort();
    expect(seen('margin')).toEqual(accepted('margin', DRAWN_MARGINS, geometry).sort());
    expect(seen('modulation')).toEqual(accepted('modulation', DRAWN_MODULATIONS, geometry).sort());
    expect(seen('state')).toEqual(accepted('state', DRAWN_STATES, geometry).sort());
    expect(seen('objective')).toEqual(accepted('objective', DRAWN_OBJECTIVES, geometry).sort());
    expect(seen('weighting')).toEqual(Object.keys(DRAWN_WEIGHTINGS).sort());
    expect(seen('scale').length).toBe(geometry === 'norm-scaled' ? 1 : 5);
    expect(seen('bias').length).toBe({ cosine: 3, 'norm-scaled': 1, inner: 2 }[geometry]);
    expect(seen('regulariser').length).toBe(geometry === 'inner' ? 1 : 2);
  }
});

test('a loss is that of its specification', () => {
  const spec: LossSpec = { ...base, geometry: 'inner', scale: 4, bias: 'each class', weighting: 'ohem' };
  const bias = { of: 'each class' };
  expect(drawnLoss(spec, 3)).toMatchObject({ name: 'ohem(drawn)', geometry: 'inner', scale: 4, bias });
});
