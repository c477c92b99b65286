import koffi from 'koffi';
import * as runtime from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { needsOneDnn, oneDnn } from '../kernels/onednn/testing/compare.ts';
import { oneDnnKernels } from '../onednn.ts';
import { optimiserOf } from '../testing/optimiser-of.ts';
import type { TrainingKernels, TrainingPasses } from '../training/passes.ts';
import { proveKernels } from './prove-kernels.ts';

const options = { runtime, optimiser: optimiserOf({ name: 'sgd' }), threads: 1 };

test.skipIf(oneDnn === undefined)(`oneDNN is proven${needsOneDnn}`, async () => {
  expect(await proveKernels(oneDnnKernels({ koffi }), options)).toBeLessThan(1e-4);
});

test.skipIf(oneDnn === undefined)(`kernels that go wrong are told${needsOneDnn}`, async () => {
  const sound = oneDnnKernels({ koffi });
  const broken: TrainingKernels = {
    name: 'broken kernels',
    open: async (plan, settings): Promise<TrainingPasses> => {
      const passes = await sound.open(plan, settings);
      return {
        ...passes,
        newBatch: (shape) => {
          const batch = passes.newBatch(shape);
          return {
            forward: (feeds, statistics) => batch.forward(feeds, statistics),
            backward: (feeds, gradient, targets) =>
              batch.backward(
                feeds,
                gradient.map((value) => 1.001 * value),
                targets,
              ),
            release: () => batch.release(),
          };
        },
        release: () => passes.release(),
      };
    },
  };
  await expect(proveKernels(broken, options)).rejects.toThrow(/broken kernels, whose network deviates by/);
});
