import { readFileSync } from 'node:fs';
import { numberOps } from '@cf/core';
import { adamw, NO_DECAY_ON_NORM_AND_BIAS } from '@cf/training';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OnnxGraphError } from '../errors.ts';
import type { Parameter } from '../passes/training-form/parameters.ts';
import { checkerAcceptsAll } from '../testing/checker-test.ts';
import { checkModel } from '../testing/onnx-checker.ts';
import { type OptimiserData, optimiserOf } from '../testing/optimiser-of.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel, type Values } from '../testing/run-model.ts';
import { optimiserGraph } from './optimiser-graph.ts';

type Numbers = Readonly<Record<string, readonly number[]>>;

interface Step {
  readonly weights: Numbers;
  readonly gradientNorm: number;
}

/** One update after another, weights and state of one fed into the next. */
async function run(
  parameters: readonly Parameter[],
  options: OptimiserData,
  initial: Numbers,
  gradients: readonly Numbers[],
  learningRates: readonly number[],
  updatesBefore = 0,
): Promise<readonly Step[]> {
  const { model, state, takesStep } = optimiserGraph(parameters, optimiserOf(options));
  checkModel(model);
  const session = await openModel(model);
  const tensor = (dims: readonly number[], data: Iterable<number>): Values[string] => ({
    type: 'float32',
    dims,
    data: Float32Array.from(data),
  });
  let current: Record<string, Values[string]> = {};
  for (const { name, dims } of parameters) current[name] = tensor(dims, initial[name]!);
  for (const { name, dims } of state)
    current[name] = tensor(dims, new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(0));
  const steps: Step[] = [];
  for (const [i, gradient] of gradients.entries()) {
    const feeds: Record<string, Values[string]> = {
      ...current,
      learning_rate: tensor([], [learningRates[i]!]),
    };
    for (const { name, dims } of parameters) feeds[`grad/${name}`] = tensor(dims, gradient[name]!);
    if (takesStep) feeds.step = tensor([], [updatesBefore + i + 1]);
    const results = await session.run(feeds);
    current = Object.fromEntries(Object.keys(current).map((name) => [name, results[`next/${name}`]!]));
    const weights = parameters.map(({ name }) => [name, Array.from(current[name]!.data, Number)] as const);
    steps.push({
      weights: Object.fromEntries(weights),
      gradientNorm: Number(results.gradient_norm!.data[0]),
    });
  }
  await session.release();
  return steps;
}

function expectClose(actual: Step, expected: Step, tolerance: number): void {
  expect(actual.gradientNorm / expected.gradientNorm).toBeCloseTo(1, 5);
  for (const [name, numbers] of Object.entries(expected.weights)) {
    numbers.forEach((value, i) => {
      const difference = Math.abs(actual.weights[name]![i]! - value);
      expect(difference, `${name}[${i}]: ${actual.weights[name]![i]} against ${value}`).toBeLessThan(
        tolerance,
      );
    });
  }
}

interface Fixture {
  readonly parameters: readonly Parameter[];
  readonly learningRates: readonly number[];
  readonly initial: Numbers;
  readonly gradients: readonly Numbers[];
  readonly cases: readonly {
    readonly title: string;
    readonly options: OptimiserData;
    readonly steps: readonly Step[];
  }[];
}

const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/pytorch-optimisers.json', import.meta.url), 'utf8'),
) as Fixture;

test.each(fixture.cases)('does what PyTorch does: $title', async ({ options, steps }) => {
  const { parameters, initial, gradients, learningRates } = fixture;
  const actual = await run(parameters, options, initial, gradients, learningRates);
  expect(actual).toHaveLength(steps.length);
  steps.forEach((step, i) => {
    expectClose(actual[i]!, step, 1e-6);
  });
});

const PARAMETERS: readonly Parameter[] = [
  { name: 'a', kind: 'weight', dims: [2, 2] },
  { name: 'b', kind: 'norm', dims: [3] },
  { name: 'c', kind: 'slope', dims: [2, 1, 1] },
];
const DECAY_OF_NORM = 0;

/** The equations of SGD, one parameter and one number at a time, in float64. */
function sgdByHand(
  options: OptimiserData & { name: 'sgd' },
  initial: Numbers,
  gradients: readonly Numbers[],
  rates: readonly number[],
): Step[] {
  const {
    momentum = 0,
    weightDecay = 0,
    nesterov,
    decoupledDecay,
    clipNorm = Number.POSITIVE_INFINITY,
  } = options;
  const weights = structuredClone(initial) as Record<string, number[]>;
  const velocity: Record<string, number[]> = {};
  return gradients.map((gradient, step) => {
    const gradientNorm = Math.hypot(...Object.values(gradient).flat());
    const clip = Math.min(1, clipNorm / (gradientNorm + 1e-6));
    for (const { name, kind } of PARAMETERS) {
      const decay = kind === 'weight' ? weightDecay : DECAY_OF_NORM;
      velocity[name] ??= weights[name]!.map(() => 0);
      weights[name]!.forEach((w, i) => {
        const g = gradient[name]![i]! * clip + (decoupledDecay ? 0 : decay * w);
        velocity[name]![i] = momentum * velocity[name]![i]! + g;
        const direction = nesterov ? g + momentum * velocity[name]![i]! : velocity[name]![i]!;
        const kept = decoupledDecay ? w * (1 - rates[step]! * decay) : w;
        weights[name]![i] = kept - rates[step]! * direction;
      });
    }
    return { weights: structuredClone(weights), gradientNorm };
  });
}

describe('SGD', () => {
  test('agrees with its equations in float64, whatever the settings', async () => {
    const settings = fc.record({
      momentum: fc.constantFrom(0, 0.5, 0.9),
      weightDecay: fc.constantFrom(0, 0.125),
      nesterov: fc.boolean(),
      decoupledDecay: fc.boolean(),
      clipNorm: fc.constantFrom(0.5, 100),
      seed: fc.integer({ min: 0, max: 1000 }),
    });
    await fc.assert(
      fc.asyncProperty(settings, async ({ seed, ...given }) => {
        const nesterov = given.nesterov && given.momentum > 0;
        const options: OptimiserData & { name: 'sgd' } = {
          name: 'sgd',
          ...given,
          nesterov,
          groups: [NO_DECAY_ON_NORM_AND_BIAS],
        };
        const draw = (key: number): Numbers =>
          Object.fromEntries(
            PARAMETERS.map(({ name, dims }, i) => [
              name,
              Array.from(randomTensor('float32', dims, 100 * seed + 10 * key + i).data, Number),
            ]),
          );
        const [initial, gradients, rates] = [draw(0), [draw(1), draw(2), draw(3)], [0.5, 0.25, 0.125]];
        const actual = await run(PARAMETERS, options, initial, gradients, rates);
        sgdByHand(options, initial, gradients, rates).forEach((step, i) => {
          expectClose(actual[i]!, step, 2e-6);
        });
      }),
      { numRuns: 30 },
    );
  });
});

test('the first group that takes a parameter counts', async () => {
  const options: OptimiserData = {
    name: 'sgd',
    groups: [
      { prefixes: ['b', 'c'], kinds: ['norm'], learningRateScale: 0 },
      { prefixes: ['b', 'c'], learningRateScale: 3 },
    ],
  };
  const ones = { a: [1, 1, 1, 1], b: [1, 1, 1], c: [1, 1] };
  const [step] = await run(PARAMETERS, options, ones, [ones], [0.25]);
  expect(step!.weights).toEqual({ a: [0.75, 0.75, 0.75, 0.75], b: [1, 1, 1], c: [0.25, 0.25] });
});

test('a gradient of zero gives no NaN, clipped or not', async () => {
  const zeros = { a: [0, 0, 0, 0], b: [0, 0, 0], c: [0, 0] };
  const ones = { a: [1, 1, 1, 1], b: [1, 1, 1], c: [1, 1] };
  for (const options of [
    { name: 'sgd', clipNorm: 1 },
    { name: 'adamw', clipNorm: 1 },
  ] as const) {
    const [step] = await run(PARAMETERS, options, ones, [zeros], [1]);
    expect(step).toEqual({ weights: ones, gradientNorm: 0 });
  }
});

test('AdamW is the same after many updates, where its corrections have ended', async () => {
  const parameters = [{ name: 'a', kind: 'weight', dims: [2] }] as const;
  for (const updateNumber of [1, 700, 3000, 1e5, 2 ** 23]) {
    const input = { gradient: 0.25, learningRate: 0.125, weightDecay: 0, updateNumber };
    const state = { first_moment: 0, second_moment: 0 };
    const expected = adamw().update(numberOps, { ...input, weight: 1, state }).weight;
    const [step] = await run(
      parameters,
      { name: 'adamw' },
      { a: [1, 1] },
      [{ a: [0.25, 0.25] }],
      [0.125],
      updateNumber - 1,
    );
    for (const weight of step!.weights.a!) expect(Math.abs(weight - expected)).toBeLessThan(1e-6);
  }
});

test('what all parameters share is computed once', () => {
  const operators = (count: number): number => {
    const many = Array.from({ length: count }, (_, i) => ({ ...PARAMETERS[0]!, name: `p${i}` }));
    const { model } = optimiserGraph(many, optimiserOf({ name: 'adamw', weightDecay: 0.5 }));
    return model.graph!.node.filter(({ opType }) => opType === 'Exp' || opType === 'Sinh').length;
  };
  expect(operators(1)).toBe(4);
  expect(operators(9)).toBe(4);
});

test('a parameter given twice is an error', () => {
  const twice = [PARAMETERS[0]!, PARAMETERS[0]!];
  expect(() => optimiserGraph(twice, optimiserOf({ name: 'sgd' }))).toThrow(OnnxGraphError);
});

checkerAcceptsAll();
