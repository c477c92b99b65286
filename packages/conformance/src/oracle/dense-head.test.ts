import { createRandom, numberOps } from '@cf/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawnLoss, lossSpecs } from '../problems/drawn-losses.ts';
import { buildProblem, problemSpecs } from '../problems/problem.ts';
import { denseHead, denseStep } from './dense-head.ts';
import { kinkDistance } from './kink-distance.ts';

test('its gradients are central differences of its loss, for losses drawn at random', () => {
  fc.assert(
    fc.property(lossSpecs(), problemSpecs(), fc.constantFrom(1, 2, 3), (lossSpec, spec, subCenters) => {
      // Its slope is another than that of its value, on purpose.
      fc.pre(lossSpec.margin !== 'angular, straight-through');
      const loss = drawnLoss(lossSpec, spec.classes);
      const input = buildProblem(spec, loss, subCenters);
      fc.pre(kinkDistance(loss, input, { subCenters }) > 1e-3);
      const output = denseStep(loss, input, { subCenters });
      const { share, logit, variables, classes } = denseHead(loss, input, { subCenters });
      const { x, w, b } = variables;
      const random = createRandom(spec.seed);
      const along = [...x, ...w].map((row) => row.map(() => random.normal()));
      along.push(b.map(() => (loss.bias ? random.normal() : 0)));
      const at = (step: number): number => {
        const rows = [...x, ...w, b].map((row, r) => row.map((value, k) => value + step * along[r]![k]!));
        const moved = { x: rows.slice(0, x.length), w: rows.slice(x.length, -1), b: rows.at(-1)! };
        const shares = moved.x.map((row, i) => {
          const logits = Array.from({ length: classes }, (_, j) => logit(numberOps, moved, i, j));
          return share(numberOps, i, logits, row);
        });
        return shares.reduce((sum, value) => sum + value, 0);
      };
      expect(at(0)).toBeCloseTo(output.loss, 9);
      const h = 1e-6;
      const numeric = (at(h) - at(-h)) / (2 * h);
      const { gradEmbeddings, gradWeights, gradBias = [] } = output;
      const directions = along.flat();
      const analytic = [...gradEmbeddings, ...gradWeights, ...gradBias].reduce(
        (sum, value, i) => sum + value * directions[i]!,
        0,
      );
      expect(Math.abs(analytic - numeric)).toBeLessThan(1e-5 * Math.max(loss.scale, Math.abs(numeric)));
    }),
    { numRuns: 300 },
  );
});
