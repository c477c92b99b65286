import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Shape } from '../model/model.ts';
import { indices, randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { ValueTable } from './value-table.ts';

/** What is inferred of y = operator(x, constants), and what it is. */
async function compare(
  operator: string,
  dims: readonly number[],
  constants: readonly number[][],
): Promise<void> {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', dims);
  const names = constants.map((numbers) => builder.constant(indices(...numbers)));
  builder.op(operator, ['x', ...names], {}, { outputs: ['y'] });
  builder.output('y', 'float32');
  const inferred = new ValueTable(builder.build()).shape('y');
  const session = await openModel(builder.build());
  const { y } = await session.run({ x: randomTensor('float32', dims, 1) });
  await session.release();
  expect(inferred).toEqual(y!.dims);
}

const size = fc.integer({ min: 1, max: 6 });
const position = fc.integer({ min: -9, max: 9 });

test('Slice', async () => {
  const step = fc.integer({ min: -3, max: 3 }).filter((number) => number !== 0);
  await fc.assert(
    fc.asyncProperty(size, size, position, position, step, fc.boolean(), async (a, b, start, end, by, last) =>
      compare('Slice', [a, b], [[start], [end], [last ? -1 : 0], [by]]),
    ),
    { numRuns: 100 },
  );
});

test('Pad', async () => {
  const count = fc.nat(3);
  await fc.assert(
    fc.asyncProperty(size, size, fc.tuple(count, count, count, count), async (a, b, pads) =>
      compare('Pad', [a, b], [pads]),
    ),
    { numRuns: 30 },
  );
});

test.each<{ x: Shape; target: number[]; expected: Shape }>([
  { x: ['N', 3, 4, 5], target: [0, 0, -1], expected: ['N', 3, 20] },
  { x: ['N', 3, 4, 5], target: [-1, 60], expected: ['N', 60] },
  { x: ['N', 3, 4, 5], target: [-1, 6, 10], expected: ['N', 6, 10] },
  { x: ['N', 1], target: [-1], expected: ['N'] },
  { x: ['N', 3], target: [-1], expected: ['3*N'] },
  { x: ['N', 'M', 2], target: [0, -1], expected: ['N', '2*M'] },
  { x: [2, 3, undefined], target: [0, -1], expected: [2, undefined] },
])('Reshape of $x to $target', ({ x, target, expected }) => {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', x);
  builder.op('Reshape', ['x', builder.constant(indices(...target))], {}, { outputs: ['y'] });
  expect(new ValueTable(builder.build()).shape('y')).toEqual(expected);
});
