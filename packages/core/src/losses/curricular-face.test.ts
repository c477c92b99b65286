import { describe, expect, test } from 'vitest';
import { keyedNormal } from '../random/margin-draws.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { type CurricularFaceOptions, curricularFace } from './curricular-face.ts';
import { createLoss } from './registry.ts';

const fill = (count: number, seed: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => keyedNormal(seed, 0, i));
const input = { embeddings: fill(6 * 4, 1), weights: fill(9 * 4, 2), labels: [0, 1, 2, 3, 4, 5], dim: 4 };

/** Loss of a batch by the paper, given t: full cosines, acos, the textbook softmax. */
function textbook(
  t: number,
  { s, m }: { s: number; m: number },
): { losses: number[]; hard: number; r: number } {
  const row = (values: Float64Array, r: number): Float64Array => values.subarray(4 * r, 4 * r + 4);
  let hard = 0;
  let r = 0;
  const losses = input.labels.map((label, i) => {
    const x = row(input.embeddings, i);
    const cosines = Array.from({ length: 9 }, (_, j) => {
      const w = row(input.weights, j);
      return x.reduce((sum, value, k) => sum + value * w[k]!, 0) / (Math.hypot(...x) * Math.hypot(...w));
    });
    const theta = Math.acos(cosines[label]!);
    r += cosines[label]! / input.labels.length;
    const pivot = Math.cos(theta + m);
    const target = s * (theta + m < Math.PI ? pivot : Math.cos(theta) - m * Math.sin(m));
    let total = Math.exp(target);
    cosines.forEach((c, j) => {
      if (j === label) return;
      if (c > pivot) hard++;
      total += Math.exp(s * (c > pivot ? c * (t + c) : c));
    });
    return Math.log(total) - target;
  });
  return { losses, hard, r };
}

const meanCosine = textbook(0, { s: 1, m: 0.5 }).r;

describe('t', () => {
  test.each<[CurricularFaceOptions, number]>([
    [{ alpha: 1, tInitial: 0.7 }, meanCosine],
    [{ alpha: 0, tInitial: 0.7 }, 0.7],
    [{ alpha: 'official' }, 0.01 * meanCosine],
    [{}, 0.01 * meanCosine],
    [{ alpha: 'paper', tInitial: -0.5 }, 0.99 * meanCosine - 0.005],
    [{ alpha: 'tface', tInitial: 1 }, 0.1 * meanCosine + 0.9],
  ])('with %j is updated before it is used in the very same step', (options, t) => {
    const loss = curricularFace({ scale: 8, ...options });
    const output = referenceStep(loss, input);
    const expected = textbook(t, { s: 8, m: 0.5 });
    expect(expected.hard).toBeGreaterThan(5);
    expect(output.state.values.t).toBeCloseTo(t, 14);
    expect(output.diagnostics.t).toBe(output.state.values.t);
    expect(output.diagnostics.meanTargetCosine).toBeCloseTo(meanCosine, 14);
    expected.losses.forEach((value, i) => {
      expect(output.losses[i]).toBeCloseTo(value, 12);
    });
  });

  test('carries no gradient: moved to a value or held at it, the gradients are the same', () => {
    const moved = referenceStep(curricularFace({ alpha: 0.5, tInitial: 0.4 }), input);
    const t = moved.state.values.t!;
    expect(t).not.toBeCloseTo(0.4, 2);
    const held = referenceStep(curricularFace({ alpha: 0, tInitial: t }), input);
    expect(held.gradEmbeddings).toEqual(moved.gradEmbeddings);
    expect(held.gradWeights).toEqual(moved.gradWeights);
    const other = referenceStep(curricularFace({ alpha: 0, tInitial: 0.4 }), input);
    expect(other.gradWeights).not.toEqual(moved.gradWeights);
  });

  test('goes on from the state that is handed in', () => {
    const loss = curricularFace({ alpha: 0.25 });
    const first = referenceStep(loss, input);
    const second = referenceStep(loss, { ...input, state: first.state });
    expect(second.state.values.t).toBeCloseTo((0.25 + 0.75 * 0.25) * meanCosine, 14);
  });

  test('in evaluation is used as it is', () => {
    const state = { loss: 'curricularface', values: { step: 0, t: 0.3 } };
    const output = referenceStep(curricularFace({ scale: 8, alpha: 1 }), { ...input, state, mode: 'eval' });
    expect(output.state).toEqual(state);
    textbook(0.3, { s: 8, m: 0.5 }).losses.forEach((value, i) => {
      expect(output.losses[i]).toBeCloseTo(value, 12);
    });
  });
});

test('past π the mask keeps the raw pivot: at θ = π −0.878, while the target logit is −1.240', () => {
  const at = (cos: number): ReturnType<typeof referenceStep> =>
    referenceStep(
      curricularFace({ scale: 1, alpha: 0 }),
      {
        embeddings: Float64Array.of(-1, 0),
        weights: Float64Array.of(1, 0, -cos, Math.sqrt(1 - cos * cos)),
        labels: [0],
        dim: 2,
      },
      { inspect: true },
    );
  expect(at(-0.9).inspection!.logits[0]).toBeCloseTo(-1 - 0.5 * Math.sin(0.5), 14);
  expect(at(-0.9).inspection!.logits[0]).toBeCloseTo(-1.24, 3);
  // −0.9 is under cos(π + 0.5) = −0.8776 and over −1.240.
  expect(at(-0.9).diagnostics.hardShare).toBe(0);
  expect(at(-0.87).diagnostics.hardShare).toBe(1);
});

test('a hard negative with cos θ_j < −t/2 is pulled closer', () => {
  const c = -0.2;
  const output = referenceStep(curricularFace({ scale: 1, alpha: 0, tInitial: 0.1 }), {
    embeddings: Float64Array.of(1, 0, 0),
    weights: Float64Array.of(-0.5, 0, Math.sqrt(0.75), c, Math.sqrt(1 - c * c), 0),
    labels: [0],
    dim: 3,
  });
  expect(output.diagnostics.minModulation).toBeCloseTo(0.1 + 2 * c, 14);
  // Descent moves w_1 along −∂W: towards x = (1, 0, 0).
  expect(-output.gradWeights[3]!).toBeGreaterThan(0);
});

describe('what t follows', () => {
  /** Target cosines of samples at some angles from the one class center that they have; the other center is opposite. */
  const tOf = (options: CurricularFaceOptions, targets: readonly number[]): number =>
    referenceStep(curricularFace({ alpha: 1, ...options }), {
      embeddings: Float64Array.from(targets.flatMap((cos) => [cos, Math.sqrt(1 - cos * cos)])),
      weights: Float64Array.of(1, 0, -1, 0),
      labels: targets.map(() => 0),
      dim: 2,
    }).state.values.t!;

  test.each([
    // Of 40 bins the middle of the fullest; of equally full ones the lowest; the first bin has its lower end, too.
    [[0.31, 0.32, 0.34, 0.9, -0.5], 0.325],
    [[0.9, 0.91, 0.31, 0.32], 0.325],
    [[0.7], 0.675],
    [[-1, -0.99, 0.5], -0.975],
    [[1, 1, 0.99, 0.2], 0.975],
    [[0.05, 0.0501], 0.025],
    // Between two roundings of an edge, of which a sample may fall into one bin alone.
    [[-0.44999999999999996], -0.425],
  ])('the mode of %j is %d', (targets, mode) => {
    expect(tOf({ statistic: 'mode-cosine' }, targets)).toBeCloseTo(mode, 12);
  });

  test('the mean probability is that of the softmax on s·cos θ, margin and modulation left out', () => {
    const dot = (i: number, j: number): number => {
      const [x, w] = [input.embeddings.subarray(4 * i, 4 * i + 4), input.weights.subarray(4 * j, 4 * j + 4)];
      return x.reduce((sum, value, k) => sum + value * w[k]!, 0) / (Math.hypot(...x) * Math.hypot(...w));
    };
    const p = input.labels.map((label, i) => {
      const all = Array.from({ length: 9 }, (_, j) => Math.exp(8 * dot(i, j)));
      return all[label]! / all.reduce((a, b) => a + b);
    });
    const loss = curricularFace({ scale: 8, alpha: 0.5, tInitial: 0.4, statistic: 'mean-probability' });
    const output = referenceStep(loss, input, { tileSize: 2 });
    const t = 0.5 * (p.reduce((a, b) => a + b) / 6) + 0.2;
    expect(output.state.values.t).toBeCloseTo(t, 13);
    textbook(t, { s: 8, m: 0.5 }).losses.forEach((value, i) => {
      expect(output.losses[i]).toBeCloseTo(value, 12);
    });
    expect(output.diagnostics.meanTargetCosine).toBeCloseTo(meanCosine, 14);
  });

  test('a probability of 0 or 1 is one, at any scale, and so is that of a class alone', () => {
    const statistic = 'mean-probability';
    expect(tOf({ statistic, scale: 1024 }, [1])).toBe(1);
    expect(tOf({ statistic, scale: 1024 }, [-1])).toBe(0);
    const alone = { embeddings: Float64Array.of(1, 0), weights: Float64Array.of(0, 1), labels: [0], dim: 2 };
    expect(referenceStep(curricularFace({ alpha: 1, statistic }), alone).state.values.t).toBe(1);
  });

  test('nothing else is one', () => {
    expect(() => curricularFace({ statistic: 'median' as 'mode-cosine' })).toThrow(/^statistic = "median"/);
    const named = createLoss('curricularface', { statistic: 'mode-cosine', alpha: 1 });
    expect(referenceStep(named, input).state.values.t).toBe(
      referenceStep(curricularFace({ statistic: 'mode-cosine', alpha: 1 }), input).state.values.t,
    );
  });
});
