import { numberOps } from '@cf/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawnLoss, lossSpecs } from '../problems/drawn-losses.ts';
import { buildProblem, normals, problemSpecs } from '../problems/problem.ts';
import { denseHead, denseStep } from './dense-head.ts';
import { kinkDistance } from './kink-distance.ts';

test('its gradients are central differences of its loss, for losses drawn at random', () => {
  fc.assert(
    fc.property(lossSpecs(), problemSpecs(), (lossSpec, spec) => {
      const loss = drawnLoss(lossSpec);
      const input = buildProblem(spec, loss);
      fc.pre(kinkDistance(loss, input) > 1e-3);
      const output = denseStep(loss, input);
      const { lossOf, variables } = denseHead(loss, input);
      expect(lossOf(numberOps, variables)).toBeCloseTo(output.loss, 9);
      const random = normals(spec.seed);
      const along = variables.map(() => random.normal());
      const at = (step: number): number =>
        lossOf(
          numberOps,
          variables.map((value, i) => value + step * along[i]!),
        );
      const h = 1e-6;
      const numeric = (at(h) - at(-h)) / (2 * h);
      const { gradEmbeddings, gradWeights, gradBias = [] } = output;
      const analytic = [...gradEmbeddings, ...gradWeights, ...gradBias].reduce(
        (sum, value, i) => sum + value * along[i]!,
        0,
      );
      expect(Math.abs(analytic - numeric)).toBeLessThan(1e-5 * Math.max(loss.scale, Math.abs(numeric)));
    }),
    { numRuns: 300, seed: 11 },
  );
});
