import {
  arcFace,
  curricularFace,
  initialState,
  type MarginLoss,
  referenceBackend,
  referenceStep,
} from '@cf/core';
import { shuffledBatches } from '@cf/data';
import { describe, expect, it } from 'vitest';
import {
  backward,
  forward,
  type LinearEmbedding,
  randomEmbedding,
  standardise,
} from '../model/linear-embedding.ts';
import { cloudData, failureOf } from '../testing.ts';
import {
  type StepMetrics,
  startTraining,
  stepsPerEpoch,
  type TrainingOptions,
  type TrainingState,
  trainEpoch,
} from './train-embedding.ts';

const data = cloudData(4, 6, 5);
const dim = 3;

const options: TrainingOptions = {
  epochs: 2,
  batch: 8,
  accumulate: 1,
  momentum: 0.9,
  weightDecay: 0.01,
  schedule: { name: 'cosine', base: 0.2, warmupSteps: 2 },
  seed: 5,
};

const first = (loss: MarginLoss): TrainingState =>
  startTraining(randomEmbedding(data.features, 5, dim, 1), data, initialState(loss), loss.bias, 1);

async function run(
  loss: MarginLoss,
  changes: Partial<TrainingOptions> = {},
  start: TrainingState = first(loss),
): Promise<{ state: TrainingState; metrics: StepMetrics[] }> {
  const all = { ...options, ...changes };
  const head = await referenceBackend().createHead(loss);
  const metrics: StepMetrics[] = [];
  let state = start;
  for (let epoch = 0; epoch < all.epochs; epoch++)
    state = await trainEpoch(state, data, head, epoch, all, (m) => metrics.push(m) > 0);
  return { state, metrics };
}

describe('startTraining', () => {
  it('draws class centers from N(0, 0.01²), momentum at zero', () => {
    const wide = { ...data, classes: 2000 };
    const { centers, velocities, step, classBias } = startTraining(
      randomEmbedding(data.features, 5, dim, 1),
      wide,
      initialState(arcFace()),
      false,
      1,
    );
    const variance = centers.reduce((sum, w) => sum + w * w, 0) / centers.length;
    expect(Math.sqrt(variance)).toBeCloseTo(0.01, 3);
    expect(velocities.map(({ length }) => length)).toEqual([15, 3, 6000]);
    expect(velocities.every((velocity) => velocity.every((v) => v === 0))).toBe(true);
    expect([step, classBias]).toEqual([0, undefined]);
  });
});

it.each([
  [24, 8, 1, 3],
  [24, 8, 3, 1],
  [24, 7, 1, 3],
  [24, 100, 1, 1],
  [24, 5, 2, 2],
])('%d samples in batches of %d×%d are %d steps', (samples, batch, accumulate, steps) => {
  expect(stepsPerEpoch(samples, { ...options, batch, accumulate })).toBe(steps);
});

describe('trainEpoch', () => {
  it('does what Algorithm 1 says, composed here by hand', async () => {
    const loss = curricularFace({ scale: 16, margin: 0.3, alpha: 0.1 });
    const { state, metrics } = await run(loss, { epochs: 1 });

    const { model, centers } = first(loss);
    const [v, b] = [Float64Array.from(model.weight), Float64Array.from(model.bias)];
    const now: LinearEmbedding = { ...model, weight: v, bias: b };
    const parameters = [v, b, centers];
    const velocities = parameters.map(({ length }) => new Float64Array(length));
    const decays = [0.01, 0, 0.01];
    // A warm-up of two steps, then the first step of the cosine.
    const rates = [0.1, 0.2, 0.2];
    let lossState = initialState(loss);
    const losses: number[] = [];
    for (const [n, samples] of shuffledBatches(24, 8, 5, 0).entries()) {
      const inputs = standardise(now, data.features, samples);
      const output = referenceStep(loss, {
        embeddings: forward(now, inputs),
        weights: centers,
        labels: [...samples].map((sample) => data.labels[sample]!),
        dim,
        state: lossState,
      });
      const gradient = backward(now, inputs, output.gradEmbeddings);
      for (const [p, g] of [gradient.weight, gradient.bias, output.gradWeights].entries()) {
        for (let i = 0; i < g.length; i++) {
          velocities[p]![i] = 0.9 * velocities[p]![i]! + g[i]! + decays[p]! * parameters[p]![i]!;
          parameters[p]![i]! -= rates[n]! * velocities[p]![i]!;
        }
      }
      lossState = output.state;
      losses.push(output.loss);
    }
    expect(metrics.map((m) => m.loss)).toEqual(losses);
    expect(metrics.map((m) => m.learningRate)).toEqual(rates);
    expect(metrics.map((m) => m.t)).toEqual(expect.arrayContaining([lossState.values.t]));
    expect(state.lossState).toEqual(lossState);
    for (const [i, value] of v.entries()) expect(state.model.weight[i]).toBeCloseTo(value, 12);
    for (const [i, value] of b.entries()) expect(state.model.bias[i]).toBeCloseTo(value, 12);
    for (const [i, value] of centers.entries()) expect(state.centers[i]).toBeCloseTo(value, 12);
    expect(state.step).toBe(3);
  });

  it('learns classes that can be parted', async () => {
    const { metrics } = await run(arcFace({ scale: 16, margin: 0.2 }), { epochs: 20 });
    const mean = (part: StepMetrics[]): number => part.reduce((sum, { loss }) => sum + loss, 0) / part.length;
    expect(mean(metrics.slice(-6))).toBeLessThan(mean(metrics.slice(0, 6)) / 4);
    expect(metrics.at(-1)!.meanTargetCosine).toBeGreaterThan(0.6);
    expect(metrics.at(0)!.meanTargetCosine).toBeLessThan(0.4);
  });

  it.each([curricularFace({ scale: 16 }), arcFace({ scale: 16 })])(
    'takes the same steps from micro-batches as from one batch (%#)',
    async (loss) => {
      const whole = await run(loss, { batch: 12, accumulate: 1 });
      const parts = await run(loss, { batch: 4, accumulate: 3 });
      expect(parts.metrics).toEqual(whole.metrics);
      expect(parts.state).toEqual(whole.state);
    },
  );

  it('trains on every sample once an epoch, and leaves the rest of a batch to another', async () => {
    const seen: number[][] = [];
    const loss = arcFace({ scale: 16 });
    const backend = await referenceBackend().createHead(loss);
    const head: typeof backend = {
      ...backend,
      step(input) {
        seen.push([...(input.sampleKeys as Uint32Array)]);
        return backend.step(input);
      },
    };
    let state = first(loss);
    for (const epoch of [0, 1])
      state = await trainEpoch(state, data, head, epoch, { ...options, batch: 10 }, () => true);
    expect(seen.map(({ length }) => length)).toEqual([10, 10, 10, 10]);
    expect(new Set(seen.slice(0, 2).flat()).size).toBe(20);
    expect(new Set(seen.slice(2).flat()).size).toBe(20);
    expect(seen[0]).not.toEqual(seen[2]);
  });

  it('stops after the step that it is told to, and goes on from there', async () => {
    const loss = curricularFace({ scale: 16 });
    const straight = await run(loss, { epochs: 1 });
    const head = await referenceBackend().createHead(loss);
    const paused = await trainEpoch(first(loss), data, head, 0, options, ({ step }) => step < 2);
    expect(paused.step).toBe(2);
    const resumed = await trainEpoch(paused, data, head, 0, { ...options, epochs: 1 }, () => true);
    expect(resumed.step).toBe(3);
    // The schedule's length differs between the two calls only past the warm-up, which ends at step 2.
    const again = await run(loss, { epochs: 1 });
    expect(again.state).toEqual(straight.state);
    expect(resumed.model).toEqual(straight.state.model);
  });

  it('gives way to the event loop, so that Ctrl-C is heard in the middle of an epoch', async () => {
    const loss = arcFace({ scale: 16 });
    const head = await referenceBackend().createHead(loss);
    let stop = false;
    setImmediate(() => {
      stop = true;
    });
    const state = await trainEpoch(first(loss), data, head, 0, { ...options, batch: 1 }, () => !stop);
    expect(state.step).toBeLessThan(4);
  });

  it('stops where the numbers run away, before a checkpoint could hold them', async () => {
    const loss = arcFace({ scale: 16 });
    for (const base of [1e30, 1e300]) {
      const schedule = { ...options.schedule, base, warmupSteps: 0 };
      const error = await failureOf(() => run(loss, { schedule }));
      expect(error.code).toBe('E_DIVERGED');
      expect(error.message).toMatch(new RegExp(`at step 1 \\(learning rate ${base}`.replace('+', '\\+')));
    }
  });

  it('names the step where the head meets a number that is not finite', async () => {
    const start = first(arcFace());
    start.centers[4] = Number.NaN;
    const error = await failureOf(() => run(arcFace(), {}, start));
    expect(error.message).toMatch(/^weights\[4\] = NaN at step 1 \(learning rate 0\.1\)/);
  });
});
