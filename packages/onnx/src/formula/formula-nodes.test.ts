import { numberOps, traceFormula } from '@cf/core';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { openModel } from '../testing/run-model.ts';
import { formulaNodes } from './formula-nodes.ts';

const OPERATIONS = ['abs', 'expm1', 'log1p'] as const;
const VALUES = [0, 1e-30, 1e-7, 1e-3, 0.3, 0.499, 0.5, 0.501, 1, 7, 80];

test.each(OPERATIONS)('%s keeps its digits in a graph', async (name) => {
  const builder = new GraphBuilder({ opset: 17 });
  const values = Float32Array.from(VALUES.flatMap((x) => (name === 'log1p' && x >= 1 ? [x] : [x, -x])));
  builder.input('a', 'float32', [values.length]);
  const formula = traceFormula(['a'], (ops, { a }) => ({ out: ops[name](a) }));
  const { out } = formulaNodes(builder, formula, { a: 'a' }, ['out']);
  builder.op('Identity', [(out as { value: string }).value], {}, { outputs: ['y'] });
  builder.output('y', 'float32', [values.length]);
  const session = await openModel(builder.build());
  const { y } = await session.run({ a: { type: 'float32', dims: [values.length], data: values } });
  await session.release();
  for (const [i, x] of values.entries()) {
    const expected = numberOps[name](x);
    expect(Math.abs(Number(y!.data[i]) - expected)).toBeLessThanOrEqual(5e-7 * Math.abs(expected));
  }
});
