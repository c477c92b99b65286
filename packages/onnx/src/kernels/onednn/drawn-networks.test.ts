import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byGraphs, byOneDnn, needsOneDnn, oneDnn, worst } from './testing/compare.ts';
import { type DrawnNetwork, drawn, start } from './testing/drawn-network.ts';

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

async function agrees({ given, told }: DrawnNetwork): Promise<void> {
  let seed = new Float32Array();
  const expected = await byGraphs(given, ({ data }) => {
    seed = Float32Array.from(data as Float32Array, (_, k) => Math.sin(2.3 * k + 1));
    return seed;
  });
  const actual = await byOneDnn(oneDnn!, given, seed);
  expect(worst(actual.output, expected.output), `output of\n${told}`).toBeLessThan(1e-4);
  // What cancels out has no size of its own.
  const scale = Math.max(...[...expected.gradients.values()].map(largest));
  const sized = (values: Float32Array): Float32Array => {
    const all = new Float32Array(values.length + 1).fill(scale / 100);
    all.set(values);
    return all;
  };
  for (const [name, gradient] of expected.gradients)
    expect(
      worst(sized(actual.gradients.get(name)!), sized(gradient)),
      `gradient of ${name} in\n${told}`,
    ).toBeLessThan(1e-3);
  // What is computed again has the same bits.
  const again = await byOneDnn(oneDnn!, given, seed, false);
  for (const [name, gradient] of actual.gradients)
    expect(
      worst(again.gradients.get(name)!, gradient),
      `${name} with values computed again in\n${told}`,
    ).toBe(0);
}

test.skipIf(oneDnn === undefined)(
  `networks of layers at random, each reading what any before it gave${needsOneDnn}`,
  () =>
    fc.assert(
      fc.asyncProperty(start, (how) => agrees(drawn(how))),
      { numRuns: 60 },
    ),
);
