import { describe, expect, test } from 'vitest';
import { curricularFace } from '../../losses/curricular-face.ts';
import { marginLoss } from '../../losses/own-loss.ts';
import { noMargin } from '../../margin/no-margin.ts';
import { referenceStep } from '../../reference/reference-step.ts';
import { type ClassPasses, headStep } from './head-step.ts';
import { emptyLogSumExp } from './log-sum-exp.ts';
import { runNow } from './steps.ts';

const input = {
  embeddings: Float64Array.of(1, 2, 3, 4, -1, 0.5),
  weights: Float64Array.of(1, 0, 0, 1),
  labels: [0, 1, 0],
  dim: 2,
};

describe('what a formula makes NaN', () => {
  test.each(['value', 'dCos'] as const)('of the negatives, in their %s, is an error', (part) => {
    const loss = marginLoss({
      name: 'own',
      scale: 4,
      modulation: {
        name: 'broken',
        onSphere: true,
        negative: (ops, cos) => ({
          value: cos,
          dCos: ops.constant(1),
          [part]: ops.constant(Number.NaN),
        }),
      },
    });
    expect(() => referenceStep(loss, input)).toThrow(/^grad\w+\[\d\] = NaN/);
  });

  test('of the target, in its slope, is an error', () => {
    const loss = marginLoss({
      name: 'own',
      scale: 4,
      margin: {
        ...noMargin,
        target: (ops, point, sample) => ({
          ...noMargin.target(ops, point, sample),
          dCos: ops.constant(Number.NaN),
        }),
      },
    });
    expect(() => referenceStep(loss, input)).toThrow(/^grad\w+\[\d\] = NaN/);
  });

  test('and a state that leaves its range are errors', () => {
    const loss = marginLoss({
      name: 'own',
      initialValues: { share: 0.5 },
      stateRanges: { share: [0, 1] },
      prepare: (ops, _, state) => ({
        sampleValues: {},
        next: { share: ops.mul(state.share!, ops.constant(14)) },
      }),
    });
    expect(() => referenceStep(loss, input)).toThrow(/^state\.share = 7/);
  });
});

describe('what passes hand over has its length', () => {
  const good: ClassPasses = {
    negatives: () => ({ logSumExp: emptyLogSumExp(3), sums: {}, counts: undefined }),
    gradients: () => ({
      embeddings: new Float64Array(6),
      weights: new Float64Array(4),
      bias: undefined,
      inspection: undefined,
    }),
    pairs: () => {
      throw new Error('no binary objective');
    },
  };
  const run = (passes: Partial<ClassPasses>): unknown => {
    const loss = curricularFace();
    const step = {
      loss,
      input,
      options: {},
      precision: 'float64',
      passes: () => ({ ...good, ...passes }),
    } as const;
    return runNow(headStep(step));
  };

  test('or is an error that says what it is of', () => {
    expect(() => run({})).not.toThrow();
    const short = { logSumExp: emptyLogSumExp(1), sums: {}, counts: undefined };
    expect(() => run({ negatives: () => short })).toThrow(/^logSumExp.max of length 1, expected length 3/);
    const none = new Float64Array(1);
    const given = { embeddings: none, weights: none, bias: undefined, inspection: undefined };
    expect(() => run({ gradients: () => given })).toThrow(/^gradEmbeddings of length 1, expected length 6/);
    const weightless = { ...given, embeddings: new Float64Array(6) };
    expect(() => run({ gradients: () => weightless })).toThrow(/^gradWeights of length 1, expected length 4/);
  });
});
