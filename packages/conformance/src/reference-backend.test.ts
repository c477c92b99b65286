import { referenceBackend } from '@cf/core';
import { describe, expect, test } from 'vitest';
import { backendLaws } from './backend-laws.ts';
import { embeddedGoldens } from './goldens/embedded.ts';
import { formatGoldenReport } from './goldens/format-report.ts';
import { replayGoldens } from './goldens/replay.ts';

describe('the float64 reference', () => {
  for (const law of backendLaws(referenceBackend, { precision: 'float64', runsPerLoss: 25 })) {
    test(law.name, law.run);
  }

  test('meets 1e-11 on all 339 golden cases', async () => {
    const report = await replayGoldens(referenceBackend(), await embeddedGoldens());
    expect(report.rows.reduce((sum, row) => sum + row.cases, 0)).toBe(339);
    expect(report.tolerance).toBe(1e-11);
    expect(report.passed, formatGoldenReport(report)).toBe(true);
  });
});
