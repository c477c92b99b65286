import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backendLaws, embeddedGoldens, formatGoldenReport, replayGoldens } from '@cf/conformance';
import { denseBackend } from './dense-backend.ts';

for (const law of backendLaws(denseBackend, { precision: 'float64' }))
  test(law.name, { timeout: law.timeout }, law.run);

test('every golden value', async () => {
  const report = await replayGoldens(denseBackend(), await embeddedGoldens());
  assert.ok(report.passed, formatGoldenReport(report));
});
