import { expect, test } from 'vitest';
import type { Attributes } from '../../../model/attributes.ts';
import { nodeModel } from '../../../testing/node-model.ts';
import { openModel } from '../../../testing/run-model.ts';
import { gradient } from '../../gradient.ts';

interface Edge {
  readonly operator: string;
  readonly name: string;
  readonly x: readonly number[];
  readonly expected: readonly number[];
  readonly attributes?: Attributes;
}

const EDGES: readonly Edge[] = [
  { operator: 'ReduceL2', name: 'a vector of length 0', x: [0, 0], expected: [0, 0] },
  { operator: 'ReduceL1', name: 'a 0', x: [0, -2], expected: [0, -1] },
  { operator: 'ReduceLogSumExp', name: 'large numbers', x: [1000, 1000], expected: [0.5, 0.5] },
  { operator: 'ReduceProd', name: 'one 0', x: [0, 3, -2], expected: [-6, 0, 0] },
  { operator: 'ReduceProd', name: 'two 0', x: [0, 3, 0], expected: [0, 0, 0] },
  { operator: 'ReduceMax', name: 'equal numbers', x: [1, 2, 2], expected: [0, 0.5, 0.5] },
  { operator: 'ReduceMin', name: 'equal numbers', x: [1, 1, 2], expected: [0.5, 0.5, 0] },
  { operator: 'LpNormalization', name: 'a vector of length 0', x: [0, 0], expected: [0, 0] },
];

test.each(EDGES)('$operator of $name', async ({ operator, x, expected, attributes }) => {
  const inputs = { x: { type: 'float32', dims: [1, x.length], data: Float32Array.from(x) } } as const;
  const model = nodeModel({ operator, inputs, attributes });
  const result = gradient(model, { of: 'y', wrt: ['x'], seed: 'seed' });
  const session = await openModel(result.model);
  const dims = operator === 'LpNormalization' ? [1, x.length] : [1, 1];
  const size = dims[1]!;
  const outputs = await session.run({
    ...inputs,
    seed: { type: 'float32', dims, data: new Float32Array(size).fill(1) },
  });
  await session.release();
  const found = outputs['grad/x']!.data as Float32Array;
  expect(found).toHaveLength(expected.length);
  // A logarithm near 1000 is itself rounded by 3e-5.
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 4);
});
