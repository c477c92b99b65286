import {
  BackendError,
  curricularFace,
  type MarginLoss,
  magFace,
  npcFace,
  smoothed,
  sphereFace2,
} from '@cf/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  JOB,
  KERNEL_FUNCTIONS,
  type KernelFunctions,
  MOST_PARTS,
  type RowFunction,
  sweepParts,
} from './sweep-rows.ts';
import { SweepThreads, threadsModule } from './sweep-threads.ts';
import { open, problem, worst } from './testing.ts';

afterEach(() => vi.restoreAllMocks());

/** A job on [batch, 5] products. */
const JOB_NUMBERS = {
  ...{ products: 1000, classes: 200, classesOfPart: 0, count: 5 },
  ...{ parameters: 300, perSample: 7, results: 400, perResult: 3 },
};

function calledWith(parts: number, batch: number, classesOfPart = 0, own = -1): number[][] {
  const job = new Int32Array(JOB.own + batch).fill(own, JOB.own);
  for (const [name, value] of Object.entries({ ...JOB_NUMBERS, classesOfPart, batch, parts }))
    job[JOB[name as keyof typeof JOB]] = value;
  job[JOB.function] = KERNEL_FUNCTIONS.indexOf('counted');
  const calls: number[][] = [];
  const functions = KERNEL_FUNCTIONS.map((name) =>
    name === 'counted' ? (...args: number[]) => void calls.push(args) : undefined,
  );
  sweepParts(job, functions as (RowFunction | undefined)[]);
  expect(job[JOB.done]).toBe(MOST_PARTS);
  return calls;
}

describe('the rows of a tile', () => {
  test.each([1, 2, 3, 7, MOST_PARTS])('are swept once each, in %d parts', (parts) => {
    const calls = calledWith(parts, 7);
    expect(calls).toEqual(
      Array.from({ length: 7 }, (_, i) => [1000 + 20 * i, 200, 5, 300 + 28 * i, 400 + 12 * i]),
    );
  });

  test("are swept around the sample's own class", () => {
    expect(calledWith(1, 1, 0, 2)).toEqual([
      [1000, 200, 2, 300, 400],
      [1012, 212, 2, 300, 400],
    ]);
  });

  test('have classes of their own in every part, where parts add to them', () => {
    expect(calledWith(2, 3, 64).map(([, classes]) => classes)).toEqual([200, 264, 264]);
  });
});

/** A step with threads that help, and one of the same runtime's threads without. */
async function bothWays(loss: MarginLoss) {
  // Rows whose ends are no multiple of four: a store behind one of them would be seen in the next.
  const input = { ...problem(300, 1501, 16), gradWeights: new Float32Array(1501 * 16) };
  const given = loss.bias ? { ...input, bias: Float32Array.of(0.5) } : input;
  const helped = await open({ threads: 2 });
  const spy = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  const alone = await open({ threads: 2 });
  spy.mockRestore();
  expect(alone.choices!.sweepThreads).toBe(1);
  const results = [];
  for (const backend of [helped, alone]) {
    const head = await backend.createHead(loss, { tileSize: 501 });
    const steps = [];
    for (let step = 0; step < 8; step++) {
      const output = await head.step({ ...given, gradWeights: new Float32Array(1501 * 16) });
      steps.push(output);
      await new Promise((done) => setTimeout(done, 20));
    }
    head.dispose();
    results.push(steps);
  }
  return { threads: helped.choices!.sweepThreads as number, helped: results[0]!, alone: results[1]![0]! };
}

const shares = (await open({ threads: 2 })).choices?.sweepThreads === 2;

test.runIf(Number(process.versions.node.split('.')[0]) >= 24)('Node shares memory with the runtime', () => {
  expect(shares).toBe(true);
});

describe.runIf(shares)('threads that help to sweep', () => {
  test.each([curricularFace(), magFace(), npcFace()])('change no bit of $name', async (loss) => {
    const { threads, helped, alone } = await bothWays(loss);
    expect(threads).toBe(2);
    for (const output of helped) {
      expect(output.losses).toEqual(alone.losses);
      expect(output.gradEmbeddings).toEqual(alone.gradEmbeddings);
      expect(output.gradWeights).toEqual(alone.gradWeights);
      expect(output.diagnostics).toEqual(alone.diagnostics);
    }
  });

  test.each([sphereFace2(), smoothed(curricularFace(), 0.1)])(
    'add up over the samples of $name in one order, whoever is the first',
    async (loss) => {
      const { helped, alone } = await bothWays(loss);
      for (const output of helped) {
        expect(output.gradWeights).toEqual(helped[0]!.gradWeights);
        expect(output.gradBias).toEqual(helped[0]!.gradBias);
        expect(output.gradEmbeddings).toEqual(alone.gradEmbeddings);
        expect(worst(output.gradWeights, alone.gradWeights)).toBeLessThan(2e-6);
        expect(worst(output.gradBias ?? [], alone.gradBias ?? [])).toBeLessThan(2e-6);
      }
    },
  );

  test('tell when one of them has failed', async () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    // Without functions: the thread fails with the first part that it takes.
    const module = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const slow = (): void => {
      for (const start = performance.now(); performance.now() - start < 1; );
    };
    const functions = { sums: slow } as unknown as KernelFunctions;
    const threads = new SweepThreads({ functions, module, memory, helpers: 1 });
    const job = { ...JOB_NUMBERS, count: 4096, batch: 64, parts: 32 };
    const run = async (): Promise<void> => {
      for (let turn = 0; turn < 50; turn++) {
        threads.run('sums', job, () => -1);
        await new Promise((done) => setTimeout(done, 5));
      }
    };
    await expect(run()).rejects.toThrow(BackendError);
    threads.dispose();
  });

  test('each do their part of every tile once, whatever is swept between, and when they are started anew', async () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const module = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const seen = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
    const source = `export const open = (seen) => (numbers, thread, threads) =>
      Atomics.add(seen, thread, numbers[0] * threads)`;
    const url = `data:text/javascript,${encodeURIComponent(source)}`;
    const helped = { program: { url, data: seen }, helpers: 2 };
    const functions = { sums: () => {} } as unknown as KernelFunctions;
    const threads = new SweepThreads({ functions, module, memory, ...helped });
    let expected = 0;
    for (const batch of [4, 4, 90, 90]) {
      await threads.prepareTiles(batch);
      expect(threads.prepareTiles(batch)).toBeUndefined();
      for (let tile = 1; tile <= 20; tile++) {
        threads.runTile([tile], (numbers, thread, all) => Atomics.add(seen, thread, numbers[0]! * all));
        expected += 3 * tile;
        expect([...seen]).toEqual([expected, expected, expected]);
        threads.run('sums', { ...JOB_NUMBERS, batch, parts: 4 }, () => -1);
      }
      threads.dispose();
    }
  });

  test('are those that the backend was opened with', async () => {
    expect((await open({ threads: 3 })).choices!.sweepThreads).toBe(3);
    expect((await open({ threads: 30 })).choices!.sweepThreads).toBe(8);
    expect((await open({ threads: 1 })).choices!.sweepThreads).toBe(1);
    expect((await open({ threads: 3, elementwise: 'graph' })).choices!.sweepThreads).toBeUndefined();
  });
});

test('threads are looked for where Node has them', () => {
  expect(threadsModule()?.Worker).toBeDefined();
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  expect(threadsModule()).toBeUndefined();
});
