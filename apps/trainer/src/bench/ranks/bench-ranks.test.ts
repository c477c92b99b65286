import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../testing.ts';
import { cf } from '../../testing-cli.ts';
import { benchRanks, formatRanks, phasesOf, type RanksPlan } from './bench-ranks.ts';
import type { EfficiencyMeasurement } from './measure-efficiency.ts';
import { QuietMeeting } from './quiet-meeting.ts';
import { findMpirun, requireMpirun, runRanks, sharedBy } from './run-ranks.ts';

const PLAN: RanksPlan = {
  ...{ ranks: 2, kernels: 'onnxruntime', classes: 300, dim: 16, batch: 4, rounds: 2, steps: 1, seed: 1 },
};
const CLI = join(import.meta.dirname, '..', '..', 'cli.ts');
const COMMAND = [CLI, 'bench', 'ranks-task'];

/** What a rank has measured whose steps take these times. */
function measuredWith(seconds: EfficiencyMeasurement['seconds'], waited: number): EfficiencyMeasurement {
  const traffic = (calls: number): readonly { seconds: number; calls: number; bytes: number }[] =>
    new Array(3).fill({ seconds: calls * waited, calls, bytes: 1e5 * calls });
  return {
    seconds,
    cpuSeconds: seconds,
    traffic: { alone: traffic(0), beside: traffic(0), ranks: traffic(5), gathered: traffic(6) },
  };
}

const MEASURED = [
  measuredWith({ alone: [1, 9, 1], beside: [1.1, 1.1, 9], ranks: [1, 2, 1], gathered: [1, 1, 1] }, 0.01),
  measuredWith({ alone: [], beside: [1.3, 1.3, 1.3], ranks: [1.25, 1, 1.25], gathered: [2, 2, 2] }, 0.01),
];

test('efficiency is the time of one process over that of the last of the ranks, step by step', () => {
  const phases = phasesOf(MEASURED);
  expect(phases.map(({ name, medianSeconds }) => [name, medianSeconds])).toEqual([
    ['alone', 1],
    ['beside', expect.closeTo(1.2)],
    // 1.25, 2 and 1.25.
    ['ranks', 1.25],
    ['gathered', 2],
  ]);
  expect(phases.map(({ efficiency }) => efficiency)).toEqual([1, expect.closeTo(1 / 1.2), 0.8, 0.5]);
  const text = formatRanks({ ...PLAN, ranks: 2, cores: 2, phases });
  expect(text).toMatch(
    /^2 ranks +1250\.0 ms +1250\.0 ms +1000\.0 ms +0\.80 +600 classes in all; 5 calls with 0\.5 MB a rank take 50\.0 ms/m,
  );
  expect(text).toMatch(/^one process +1000\.0 ms +1000\.0 ms +1000\.0 ms +the others asleep$/m);
  expect(text).toMatch(/efficiency 0\.80: 0\.83 of the machine × 0\.96 of communication$/);
  expect(text).not.toContain('share cores');
  expect(formatRanks({ ...PLAN, ranks: 3, cores: 2, phases })).toMatch(
    /^ranks share cores, 3 on 2: .* 1\.50 times/m,
  );
});

describe('ranks', () => {
  test('are started by what the PATH has, or the package is named', () => {
    expect(findMpirun('/no/such:/folder')).toBeUndefined();
    expect(() => requireMpirun('cf bench ranks', '/no/such')).toThrow(
      /cf bench ranks without mpirun, expected Open MPI or MPICH.*\n?.*apt install openmpi-bin/s,
    );
  });

  test('share cores where there are more of them', () => {
    expect([1, 2, 3].map((ranks) => sharedBy(ranks, 2))).toEqual([1, 1, 1.5]);
    expect(sharedBy(1)).toBe(Math.max(1, 1 / availableParallelism()));
  });

  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(await temporaryFolder(), 'meeting-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('meet, the last of them too', async () => {
    const order: string[] = [];
    const come = async (rank: number): Promise<void> => {
      const meeting = new QuietMeeting(folder, rank, 2);
      for (let k = 0; k < 3; k++) {
        await new Promise((done) => setTimeout(done, 15 * rank));
        order.push(`${k}`);
        await meeting.meet();
      }
    };
    await Promise.all([come(0), come(1)]);
    expect(order).toEqual(['0', '0', '1', '1', '2', '2']);
    expect(await readdir(folder)).toHaveLength(6);
  });

  test('too few, or more than classes, are refused', async () => {
    await expect(benchRanks({ ...PLAN, ranks: 1 }, COMMAND)).rejects.toThrow(/^ranks = 1/);
    await expect(benchRanks({ ...PLAN, ranks: 4, classes: 3 }, COMMAND)).rejects.toThrow(/^classes = 3/);
  });
});

test('a machine without MPI is told the package, and nothing is measured', async () => {
  const environment = { PATH: '/no/such' };
  const { code, stdout, stderr } = await cf(['bench', 'ranks'], { environment });
  expect([code, stdout]).toEqual([3, '']);
  expect(stderr).toMatch(/^BackendError.*: cf bench ranks without mpirun.*apt install openmpi-bin/ms);
  expect(stderr).not.toMatch(/\n\s+at /);
});

describe.skipIf(findMpirun() === undefined)('over mpirun (needs openmpi-bin)', () => {
  test.each([2, 3])('%d ranks are measured', async (ranks) => {
    const report = await benchRanks({ ...PLAN, ranks }, COMMAND);
    const [alone, beside, wide, gathered] = report.phases;
    for (const { medianSeconds, efficiency } of report.phases) {
      expect(medianSeconds).toBeGreaterThan(0);
      expect(efficiency).toBeGreaterThan(0);
    }
    expect([alone!.calls, beside!.calls, wide!.calls, gathered!.calls]).toEqual([0, 0, 5, 6]);
    // Embeddings of a rank, and then those of all.
    expect(gathered!.bytes).toBeGreaterThan(4 * 4 * 16 + 8 * ranks * 4 * 16);
    expect(formatRanks(report)).toContain(`${ranks * 300} classes in all`);
  });

  test('one that fails ends the others, and says why', async () => {
    const task = { kind: 'efficiency', ...PLAN, classes: -5 };
    await expect(runRanks(2, COMMAND, task, 'this test')).rejects.toThrow(
      /this test: of 2 ranks one ended with \d+: .*Error/,
    );
  });
});
