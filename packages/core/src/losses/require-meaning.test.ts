import { describe, expect, test } from 'vitest';
import { OptionOutOfRangeError } from '../errors/errors.ts';
import { additiveCosineMargin } from '../margin/additive-cosine-margin.ts';
import { angularMargin } from '../margin/angular-margin.ts';
import { combinedMargin } from '../margin/combined-margin.ts';
import { sphereMargin } from '../margin/sphere-margin.ts';
import type { TargetMargin } from '../margin/target-margin.ts';
import { curricularModulation, misclassifiedVectorModulation } from '../modulation/modulation.ts';
import { selfPacedWeighting } from '../weighting/self-paced.ts';
import type { MarginLossParts } from './compose-loss.ts';
import { marginLoss } from './own-loss.ts';
import { withWeighting } from './weighted.ts';

/** A statistic that gives t, and one that gives lambda. */
const t = {
  sampleValueNames: ['t'],
  initialValues: { t: 0 },
  prepare: (_ops, _batch, state) => ({ sampleValues: { t: state.t! }, next: { t: state.t! } }),
} satisfies Partial<MarginLossParts>;
const lambda = {
  sampleValueNames: ['lambda'],
  prepare: (ops) => ({ sampleValues: { lambda: ops.constant(5) }, next: {} }),
} satisfies Partial<MarginLossParts>;

const followsNorm: TargetMargin = {
  name: 'follows-norm',
  onSphere: false,
  target: (ops, point, sample) => {
    const { target } = additiveCosineMargin(0);
    const plain = target(ops, point, sample);
    return { ...plain, value: ops.sub(plain.value, point.norm), dNorm: ops.constant(-1) };
  },
};
const readsSine: TargetMargin = {
  name: 'reads-sine',
  onSphere: false,
  target: (ops, point, sample) => ({
    ...additiveCosineMargin(0).target(ops, point, sample),
    pivot: point.sin,
  }),
};
const regulariser: MarginLossParts['regulariser'] = (ops, norm) => ({ value: norm, dNorm: ops.constant(1) });

describe('marginLoss takes', () => {
  test.each<[string, Omit<MarginLossParts, 'name'>]>([
    [
      'inner with a scale, a bias and a margin',
      { geometry: 'inner', scale: 4, bias: true, margin: additiveCosineMargin(1) },
    ],
    [
      'inner with a combined margin of its cosine part',
      { geometry: 'inner', margin: combinedMargin({ cosine: 0.2 }) },
    ],
    ['norm-scaled, scale said to be 1', { geometry: 'norm-scaled', scale: 1 }],
    [
      'norm-scaled with a margin and a regulariser of ‖x‖',
      { geometry: 'norm-scaled', margin: followsNorm, regulariser },
    ],
    ['cosine with both', { margin: followsNorm, regulariser }],
    ['a sample value that no formula reads', t],
    ['a modulation and the statistic that it reads', { ...t, modulation: curricularModulation }],
    ['a margin and the annealing that it reads', { ...lambda, margin: sphereMargin(4) }],
  ])('%s', (_, parts) => {
    expect(marginLoss({ name: 'own', ...parts }).name).toBe('own');
  });
});

describe('marginLoss refuses', () => {
  test.each<[string, Omit<MarginLossParts, 'name'>, RegExp]>([
    ['an unknown geometry', { geometry: 'euclidean' as 'inner' }, /^geometry = "euclidean"/],
    ['a scale of 0', { scale: 0 }, /^scale = 0/],
    ['norm-scaled with a scale', { geometry: 'norm-scaled', scale: 4 }, /^scale = 4, expected no scale.*‖x‖/],
    ['cosine with a bias', { bias: true }, /^bias = true, expected no bias/],
    ['norm-scaled with a bias', { geometry: 'norm-scaled', bias: true }, /^bias = true/],
    ...[
      angularMargin(0.5),
      additiveCosineMargin(0.35, { easyMargin: true }),
      combinedMargin({ angular: 0.2 }),
      combinedMargin({ multiplicative: 1.1 }),
      followsNorm,
      readsSine,
    ].map((margin): [string, Omit<MarginLossParts, 'name'>, RegExp] => [
      `inner with the margin ${margin.name}`,
      { geometry: 'inner', margin },
      new RegExp(`^margin = "${margin.name}", expected no such margin with the geometry inner`),
    ]),
    [
      'inner with a sphere margin',
      { ...lambda, geometry: 'inner', margin: sphereMargin(2) },
      /^margin = "sphere"/,
    ],
    [
      'inner with CurricularFace’s modulation',
      { ...t, geometry: 'inner', modulation: curricularModulation },
      /^modulation = "curricular"/,
    ],
    [
      'inner with MV-Softmax’s',
      { geometry: 'inner', modulation: misclassifiedVectorModulation(1.2) },
      /^modulation = "misclassified/,
    ],
    ['inner with a regulariser', { geometry: 'inner', regulariser }, /^regulariser = /],
    [
      'a modulation without its t',
      { modulation: curricularModulation },
      /^sampleValueNames = \[\], expected t too/,
    ],
    [
      'a margin without its lambda',
      { ...t, margin: sphereMargin(2) },
      /^sampleValueNames = \["t"\], expected lambda too/,
    ],
    ['names without prepare', { sampleValueNames: ['t'] }, /^prepare: sampleValues, without .* = \["t"\]/],
    ['prepare without names', { ...lambda, sampleValueNames: [] }, /^prepare: sampleValues = \["lambda"\]/],
    ['a name twice', { ...t, sampleValueNames: ['t', 't'] }, /^sampleValueNames = "t"/],
    ['a name that formulas have already', { sampleValueNames: ['cos'] }, /^sampleValueNames = "cos"/],
    ['a state that prepare forgets', { initialValues: { t: 0 } }, /^prepare: next, without .* = \["t"\]/],
    ['a state that nobody starts', { ...t, initialValues: {} }, /^prepare: next = \["t"\]/],
    [
      'a state forgotten in evaluation',
      {
        initialValues: { t: 0 },
        prepare: (ops, _b, _s, mode) => ({
          sampleValues: {},
          next: mode === 'train' ? { t: ops.constant(1) } : {},
        }),
      },
      /^prepare: next, without .* = \["t"\]/,
    ],
    ['a step of its own', { initialValues: { step: 3 } }, /^initialValues.step = 3/],
    ['a start outside its range', { ...t, stateRanges: { t: [1, 2] } }, /^initialValues.t = 0, expected 1 ≤/],
    ['a start that is no number', { ...t, initialValues: { t: Number.NaN } }, /^initialValues.t = NaN/],
    ['a range of nothing', { ...t, stateRanges: { T: [0, 1] } }, /^stateRanges = \["T"\]/],
  ])('%s', (_, parts, message) => {
    const run = (): unknown => marginLoss({ name: 'own', ...parts });
    expect(run).toThrow(OptionOutOfRangeError);
    expect(run).toThrow(message);
    expect(run).toThrow(/Fix: ./);
  });

  test('a weighting whose state has the name of the loss’s', () => {
    const loss = marginLoss({
      name: 'own',
      initialValues: { pace: 1 },
      prepare: (_ops, _batch, { pace }) => ({ sampleValues: {}, next: { pace: pace! } }),
    });
    expect(() => withWeighting(loss, selfPacedWeighting())).toThrow(/^initialValues = "pace"/);
  });
});
