import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawnLoss, lossSpecs } from '../problems/drawn-losses.ts';
import { buildProblem, normals, problemSpecs } from '../problems/problem.ts';
import { denseHead } from './dense-head.ts';
import { denseStep } from './dense-step.ts';
import { kinkDistance } from './kink-distance.ts';

test('its gradients are central differences of the dense loss, for losses drawn at random', () => {
  fc.assert(
    fc.property(lossSpecs(), problemSpecs(), (lossSpec, spec) => {
      const loss = drawnLoss(lossSpec);
      fc.pre(loss.gradient === 'exact');
      const input = buildProblem(spec, loss);
      fc.pre(kinkDistance(loss, input) > 1e-3);
      const output = denseStep(loss, input);
      const head = denseHead(loss, input);
      const { embeddings, weights, bias } = input;
      expect(head.loss(embeddings, weights, bias)).toBeCloseTo(output.loss, 9);
      const random = normals(spec.seed);
      const [u, v, b] = [embeddings, weights, bias ?? []].map((values) =>
        Float64Array.from(values, () => random.normal()),
      ) as [Float64Array, Float64Array, Float64Array];
      const moved = (values: ArrayLike<number>, by: Float64Array, step: number): Float64Array =>
        by.map((direction, i) => values[i]! + step * direction);
      const at = (step: number): number =>
        head.loss(moved(embeddings, u, step), moved(weights, v, step), bias && moved(bias, b, step));
      const dot = (one: ArrayLike<number>, other: Float64Array): number =>
        other.reduce((sum, value, i) => sum + value * one[i]!, 0);
      const h = 1e-6;
      const numeric = (at(h) - at(-h)) / (2 * h);
      const analytic =
        dot(output.gradEmbeddings, u) + dot(output.gradWeights, v) + dot(output.gradBias ?? [], b);
      expect(Math.abs(analytic - numeric)).toBeLessThan(1e-5 * Math.max(loss.scale, Math.abs(numeric)));
    }),
    { numRuns: 300, seed: 11 },
  );
});
