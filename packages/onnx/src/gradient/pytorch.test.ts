import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { AttributeValue } from '../model/attributes.ts';
import type { TensorData } from '../model/tensor.ts';
import { checkerAcceptsAll } from '../testing/checker-test.ts';
import { DECLARED, type Declared } from '../testing/node-model.ts';
import { checkModel } from '../testing/onnx-checker.ts';
import { openModel, type Values } from '../testing/run-model.ts';
import { gradient } from './gradient.ts';

interface Numbers {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly name: string;
  readonly operator: string;
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>;
  readonly inputs: Readonly<Record<string, Numbers>>;
  /** Gradient of the first output. */
  readonly upstream: Numbers;
  readonly outputs: readonly Numbers[];
  readonly gradients: Readonly<Record<string, Numbers>>;
}

const FILE = new URL('../../fixtures/pytorch-gradients.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(FILE, 'utf8')) as { cases: readonly Case[] };
const FLOATS: ReadonlySet<string> = new Set(['epsilon', 'momentum']);

/** onnxruntime computes these in float64 too; the others in float32 alone. */
function typeOf({ operator, attributes }: Case): 'float32' | 'float64' {
  const isDouble = operator === 'LayerNormalization' || attributes.training_mode === 0;
  return isDouble ? 'float64' : 'float32';
}

function attributeOf(name: string, value: number | string | readonly number[]): AttributeValue {
  if (typeof value === 'string') return { string: value };
  if (typeof value === 'number') return FLOATS.has(name) ? { float: value } : { int: value };
  return { ints: value };
}

function tensor({ dims, data }: Numbers, type: 'float32' | 'float64'): TensorData {
  return type === 'float64'
    ? { type, dims, data: Float64Array.from(data) }
    : { type, dims, data: Float32Array.from(data) };
}

const NAMES = ['y', 'running_mean', 'running_variance'];

async function run(
  given: Case,
  declared: Declared,
): Promise<{ outputs: Values; names: ReadonlyMap<string, string> }> {
  const { operator, attributes, inputs, gradients, upstream } = given;
  const type = typeOf(given);
  const builder = new GraphBuilder();
  const shapeOf = ({ dims }: Numbers): readonly (number | undefined)[] =>
    declared === 'shapes' ? dims : dims.map(() => undefined);
  for (const [name, value] of Object.entries(inputs)) {
    // Kernel sizes must be known; what is normalised or multiplied by needs no more than a rank.
    builder.input(name, type, name === 'w' ? value.dims : shapeOf(value));
  }
  const outputs = NAMES.slice(0, given.outputs.length);
  const entries = Object.entries(attributes).map(
    ([name, value]) => [name, attributeOf(name, value)] as const,
  );
  builder.node(operator, Object.keys(inputs), Object.fromEntries(entries), { outputs });
  for (const [i, name] of outputs.entries()) builder.output(name, type, shapeOf(given.outputs[i]!));
  const result = gradient(builder.build(), { of: 'y', wrt: Object.keys(gradients), seed: 'seed' });
  checkModel(result.model);
  const session = await openModel(result.model);
  const feeds = Object.entries({ ...inputs, seed: upstream }).map(
    ([name, v]) => [name, tensor(v, type)] as const,
  );
  const values = await session.run(Object.fromEntries(feeds));
  await session.release();
  return { outputs: values, names: result.gradients };
}

/** Differences are taken relative to the largest number of a tensor, or 1. */
function expectClose(actual: TensorData, expected: Numbers, what: string): void {
  expect(actual.dims, what).toEqual(expected.dims);
  const scale = expected.data.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  const tolerance = actual.type === 'float64' ? 1e-7 : 2e-6;
  expected.data.forEach((x, i) => {
    const distance = Math.abs(Number(actual.data[i]) - x) / scale;
    expect(distance, `${what}[${i}]: ${actual.data[i]} against ${x}`).toBeLessThan(tolerance);
  });
}

/** PyTorch's running variance takes in the batch's unbiased variance, ONNX's the population's. */
function populationRunningVariance({ inputs, attributes, outputs }: Case): Numbers {
  const momentum = attributes.momentum as number;
  const { dims } = inputs.x!;
  const count = dims.reduce((a, b) => a * b, 1) / dims[1]!;
  const before = inputs.var!.data;
  const data = outputs[2]!.data.map((after, i) => {
    const kept = momentum * before[i]!;
    return kept + ((after - kept) * (count - 1)) / count;
  });
  return { dims: outputs[2]!.dims, data };
}

describe.each(cases.map((given) => ({ title: `${given.operator}, ${given.name}`, given })))(
  '$title',
  ({ given }) => {
    const needsShapes = given.attributes.auto_pad !== undefined;
    const some = DECLARED.filter(
      (declared) => declared === 'shapes' || (declared === 'ranks' && !needsShapes),
    );
    test.each(some)('outputs and gradients are those of PyTorch, declared: %s', async (declared) => {
      const { outputs, names } = await run(given, declared);
      given.outputs.forEach((value, i) => {
        const expected = i === 2 ? populationRunningVariance(given) : value;
        expectClose(outputs[NAMES[i]!]!, expected, NAMES[i]!);
      });
      for (const [name, value] of Object.entries(given.gradients)) {
        expectClose(outputs[names.get(name)!]!, value, `∂${name}`);
      }
    });
  },
);

checkerAcceptsAll();
