import {
  createLoss,
  focal,
  type HeadInput,
  type MarginLoss,
  ohem,
  referenceStep,
  selfPaced,
  smoothed,
} from '@cf/core';
import { beforeEach, expect, test, vi } from 'vitest';
import { gpujsBackend } from './gpujs-backend.ts';
import { KernelSet } from './kernels/kernel-set.ts';
import { randomProblem } from './testing/random-problem.ts';

/** Kernels that ran and results that were read, in their order. */
const events = vi.hoisted((): ('run' | 'read')[] => []);

vi.mock(import('./kernels/kernel-set.ts'), async (original) => {
  const module = await original();
  return {
    ...module,
    read: (value) => {
      events.push('read');
      return module.read(value);
    },
  };
});

const { run } = KernelSet.prototype;
vi.spyOn(KernelSet.prototype, 'run').mockImplementation(function (this: KernelSet, ...args) {
  events.push('run');
  return run.apply(this, args);
});
beforeEach(() => {
  events.length = 0;
});

/** How often results are read that were not there when the last ones were. */
function readBacks(): number {
  return events.filter((event, at) => event === 'read' && events[at - 1] === 'run').length;
}

async function stepOf(loss: MarginLoss, input: HeadInput): Promise<Float32Array | Float64Array> {
  const backend = await gpujsBackend();
  try {
    const head = await backend.createHead(loss, { tileSize: 16, inspect: true });
    return (await head.step(input)).gradWeights as Float32Array;
  } finally {
    await backend.dispose();
  }
}

const arcface = createLoss('arcface');
const cases: readonly (readonly [MarginLoss, number])[] = [
  ...['curricularface', 'arcface', 'softmax', 'magface'].map((name) => [createLoss(name), 1] as const),
  ...['sphereface2', 'uniface', 'bce-face'].map((name) => [createLoss(name), 1] as const),
  [smoothed(arcface, 0.1), 1],
  // A survey before the passes; a target that follows from sums over the negatives.
  ...['adacos', 'npcface'].map((name) => [createLoss(name), 2] as const),
  [focal(createLoss('uniface')), 2],
  ...[focal(arcface), ohem(arcface), selfPaced(arcface)].map((loss) => [loss, 2] as const),
];

test.each(cases.map(([loss, expected]) => [loss.name, expected, loss] as const))(
  'read-backs of a step of %s over several tiles: %d',
  async (_, expected, loss) => {
    const input = randomProblem(loss, 1, 7, 41, 7);
    const gradient = await stepOf(loss, input);
    expect(readBacks()).toBe(expected);
    const reference = referenceStep(loss, input).gradWeights;
    for (const [at, value] of gradient.entries()) expect(value).toBeCloseTo(reference[at]!, 4);
  },
);
