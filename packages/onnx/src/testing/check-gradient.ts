import { expect } from 'vitest';
import { gradient } from '../gradient/gradient.ts';
import type { Model } from '../model/model.ts';
import type { TensorData } from '../model/tensor.ts';
import { checkModel } from './onnx-checker.ts';
import { openModel, type Session, type Values } from './run-model.ts';

type Floats = Float32Array | Float64Array;

export interface GradientCheck {
  readonly model: Model;
  readonly of: string;
  readonly wrt: readonly string[];
  readonly inputs: Values;
  /** Half the distance of the two points; below the distance to the next kink. */
  readonly step?: number;
  /** Largest difference, relative to the largest gradient or 1. */
  readonly tolerance?: number;
}

/** Elements of a tensor that are moved one by one; of larger ones every n-th. */
const MOST_ELEMENTS = 48;

/**
 * Compares every gradient of Σ seed · of with central differences, element by element, and hands the model to
 * ONNX's own checker where that is present. Sums are taken in float64 whatever the model computes in.
 */
export async function checkGradient(check: GradientCheck): Promise<void> {
  const { model, of, wrt, inputs } = check;
  const result = gradient(model, { of, wrt, seed: 'seed' });
  checkModel(result.model);
  const forward = await openModel(model);
  const backward = await openModel(result.model);
  try {
    const y = (await forward.run(inputs))[of]!;
    const seed = seedLike(y);
    const outputs = await backward.run({ ...inputs, seed });
    for (const name of wrt) {
      const analytic = outputs[result.gradients.get(name)!]!;
      expect(analytic.dims, `shape of the gradient of ${name}`).toEqual(inputs[name]!.dims);
      await compare(check, forward, seed.data as Floats, name, analytic.data as Floats);
    }
  } finally {
    await forward.release();
    await backward.release();
  }
}

/** Numbers of either sign without a pattern, none near 0. */
function seedLike(y: TensorData): TensorData {
  const data = (y.data as Floats).map((_, i) => Math.sin(2.3 * i + 1) + (i % 2 === 0 ? 0.4 : -0.4));
  return { ...y, data } as TensorData;
}

async function compare(
  check: GradientCheck,
  forward: Session,
  seed: Floats,
  name: string,
  analytic: Floats,
): Promise<void> {
  const isDouble = analytic instanceof Float64Array;
  const { step = isDouble ? 1e-5 : 1 / 64, tolerance = isDouble ? 1e-7 : 2e-3 } = check;
  const value = async (index: number, distance: number): Promise<number> => {
    const given = check.inputs[name]!;
    const data = (given.data as Floats).slice();
    data[index]! += distance;
    const output = (await forward.run({ ...check.inputs, [name]: { ...given, data } as TensorData }))[
      check.of
    ]!;
    return Array.from(output.data as Floats).reduce((sum, y, i) => sum + y * seed[i]!, 0);
  };
  const scale = Array.from(analytic).reduce((most, g) => Math.max(most, Math.abs(g)), 1);
  const stride = Math.ceil(analytic.length / MOST_ELEMENTS);
  for (let i = 0; i < analytic.length; i += stride) {
    const numeric = ((await value(i, step)) - (await value(i, -step))) / (2 * step);
    expect(
      Math.abs(numeric - analytic[i]!) / scale,
      `∂${name}[${i}]: ${analytic[i]} against ${numeric}`,
    ).toBeLessThan(tolerance);
  }
}
