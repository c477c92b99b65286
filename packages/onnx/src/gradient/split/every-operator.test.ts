import { describe, expect, test } from 'vitest';
import { type ElementType, isFloat } from '../../model/element-type.ts';
import type { TensorData } from '../../model/tensor.ts';
import type { GradientCase } from '../../testing/gradient-case.ts';
import { casesIn } from '../../testing/gradient-cases.ts';
import { nodeModel } from '../../testing/node-model.ts';
import { isOlderThan } from '../../testing/onnxruntime-version.ts';
import { openModel, type Values } from '../../testing/run-model.ts';
import { gradient } from '../gradient.ts';
import { splitGradient } from '../split-gradient.ts';

for (const [file, cases] of await casesIn(new URL('../rules/', import.meta.url))) {
  describe(file.replace(/\.cases\.ts$/, ''), () => {
    for (const given of cases) {
      const opset = (given.opsets ?? [17]).at(-1)!;
      const wrt = given.wrt ?? floatsOf(given);
      if (wrt.length === 0) continue;
      test.skipIf(given.since !== undefined && isOlderThan(given.since))(
        `${given.operator}-${opset}: ${given.name}: there and back apart gives the gradients of one model`,
        () => checkSplit(given, opset, wrt),
      );
    }
  });
}

function floatsOf({ inputs }: GradientCase): readonly string[] {
  return Object.keys(inputs).filter((name) => isFloat(inputs[name]!.type as ElementType));
}

async function checkSplit(given: GradientCase, opset: number, wrt: readonly string[]): Promise<void> {
  const declared = given.declared?.includes('ranks') === false ? 'shapes' : 'ranks';
  const model = nodeModel({ ...given, opset, declared });
  const of = (given.of ?? 0) === 0 ? 'y' : `y_${given.of}`;
  const whole = gradient(model, { of, wrt, seed: 'seed' });
  const y = (await run(model, given.inputs))[of]!;
  const seed = { ...y, data: (y.data as Float32Array).map((_, i) => Math.sin(2.3 * i + 1)) } as TensorData;
  const expected = await run(whole.model, { ...given.inputs, seed });
  for (const activations of ['saved', 'checkpointed'] as const) {
    const { forward, backward, saved, gradients } = splitGradient(model, {
      of,
      wrt,
      seed: 'seed',
      activations,
    });
    const there = await run(forward, given.inputs);
    expect(there[of]).toEqual(y);
    const handed = Object.fromEntries(saved.map((name) => [name, there[name]!]));
    const back = await run(backward, { ...given.inputs, ...handed, seed });
    for (const name of wrt) {
      const [actual, one] = [back[gradients.get(name)!]!, expected[whole.gradients.get(name)!]!];
      expect(actual.dims, `${activations}: shape of ∂${name}`).toEqual(one.dims);
      const scale = Array.from(one.data as Float32Array).reduce(
        (most, g) => Math.max(most, Math.abs(g)),
        1e-3,
      );
      for (const [i, g] of Array.from(one.data as Float32Array).entries())
        expect(
          Math.abs((actual.data as Float32Array)[i]! - g) / scale,
          `${activations}: ∂${name}[${i}]`,
        ).toBeLessThan(1e-5);
    }
  }
}

/** Runs a model with those of the values that it takes. */
async function run(model: Parameters<typeof openModel>[0], values: Values): Promise<Values> {
  const session = await openModel(model);
  const taken = new Set(model.graph!.input.map(({ name }) => name));
  try {
    return await session.run(Object.fromEntries(Object.entries(values).filter(([name]) => taken.has(name))));
  } finally {
    await session.release();
  }
}
