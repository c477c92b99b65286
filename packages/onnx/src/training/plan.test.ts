import { mobileFaceNet, tinyIresnet } from '@cf/backbones';
import { expect, test } from 'vitest';
import { onnxModel } from '../backbones/onnx-model.ts';
import { optimiserOf } from '../testing/optimiser-of.ts';
import { planTraining } from './plan.ts';

test.each([
  ['tiny-iresnet', tinyIresnet({ weights: 'zeros' })],
  ['mobilefacenet', mobileFaceNet({ weights: 'zeros' })],
] as const)(
  '%s hands over what its layers gave, never what the way back makes of it tap by tap',
  (_, network) => {
    const optimiser = optimiserOf({ name: 'sgd' });
    const { split } = planTraining({ model: onnxModel(network), optimiser });
    expect(split.saved.length).toBeGreaterThan(20);
    // The shape of what was flattened is a few bytes.
    const made = split.saved.filter((name) => name.startsWith('grad/') && !name.startsWith('grad/shape'));
    expect(made).toEqual([]);
  },
);
