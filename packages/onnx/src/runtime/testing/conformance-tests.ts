import { backendLaws, formatGoldenReport, type GoldenReport } from '@cf/conformance';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { readDraws } from '../../../../../testing/draws.ts';
import type { Absent } from '../../../../../testing/webgpu-adapter.ts';
import type { ConformanceRun } from './conformance-run.ts';

const PATIENCE = 600_000 * readDraws().times;
/** Names alone matter here: laws run where the backend is. */
const LAWS = backendLaws(() => {
  throw new Error('laws run elsewhere');
});

/**
 * Defines the tests of a backend that lives elsewhere. Where the machine lacks what it needs, they are skipped and say so.
 *
 * @param start called before the first test.
 * @param laws whether the laws are among the tests.
 */
export function conformanceTests(start: () => Promise<ConformanceRun | Absent>, laws = true): void {
  let started: ConformanceRun | Absent;
  const run = ({ skip }: TestContext): ConformanceRun =>
    'absent' in started ? skip(`needs ${started.absent}`) : started;
  const expectGoldens = (report: GoldenReport, cases: number): void => {
    expect(report.rows.reduce((sum, row) => sum + row.cases, 0)).toBe(cases);
    expect(report.tolerance).toBe(2e-5);
    expect(report.passed, formatGoldenReport(report)).toBe(true);
  };

  beforeAll(async () => {
    started = await start();
  }, PATIENCE);

  afterAll(async () => {
    if (started !== undefined && 'dispose' in started) await started.dispose();
  }, PATIENCE);

  if (laws) for (const { name } of LAWS) test(name, (context) => run(context).checkLaw(name), PATIENCE);

  test(
    'meets 2e-5 on all 339 golden cases',
    async (context) => expectGoldens(await run(context).replayGoldens(), 339),
    PATIENCE,
  );

  test(
    'meets 2e-5 on a problem of several tiles',
    async (context) => expectGoldens(await run(context).replayTiles(), 1),
    PATIENCE,
  );

  test(
    'two heads may step at once',
    async (context) => {
      const { alone, together } = await run(context).stepTwoHeads();
      expect(together).toEqual(alone);
    },
    PATIENCE,
  );
}
