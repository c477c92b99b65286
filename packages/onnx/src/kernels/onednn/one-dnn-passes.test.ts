import { learnerOptimiser, sgd } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { afterEach, expect, test, vi } from 'vitest';
import { smallNet } from '../../passes/testing.ts';
import { planTraining } from '../../training/plan.ts';
import { zeros } from '../../training/tensor-store.ts';
import { OneDnnPasses } from './one-dnn-passes.ts';
import { needsOneDnn, oneDnn } from './testing/compare.ts';

afterEach(() => vi.restoreAllMocks());

test.skipIf(oneDnn === undefined)(
  `threads are set again after every pause, in which another session may have set its own${needsOneDnn}`,
  async () => {
    const asked: (number | undefined)[] = [];
    const setThreads = (threads?: number): void => {
      asked.push(threads);
      oneDnn!.library.setThreads(threads);
    };
    const api = { ...oneDnn!, library: { ...oneDnn!.library, setThreads } };
    const plan = planTraining({ model: smallNet(), optimiser: learnerOptimiser({ rule: sgd() }) });
    const passes = new OneDnnPasses(api, plan, { runtime, threads: 1, activations: 'saved' });
    const shape = [2, 2, 4, 4];
    const batch = passes.newBatch(shape);
    const { parameters, statistics } = plan.form;
    const feeds = new Map(
      [...parameters, ...statistics, { name: plan.input.name, dims: shape }].map(
        ({ name, dims }) => [name, zeros(runtime, dims)] as const,
      ),
    );
    const targets = new Map(statistics.map(({ next, dims }) => [next, zeros(runtime, dims)] as const));
    asked.length = 0;
    await batch.forward(feeds, targets);
    expect(asked).toEqual([1]);
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 1000;
      return now;
    });
    await batch.forward(feeds, targets);
    expect(asked.length).toBeGreaterThan(5);
    batch.release();
  },
);
