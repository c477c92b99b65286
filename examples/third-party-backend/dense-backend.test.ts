import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backendLaws, embeddedGoldens, formatGoldenReport, replayGoldens } from '@cf/conformance';
import { denseBackend } from './dense-backend.ts';

// Fixed, so that one commit tells the same twice; now and then, try others.
const seed = Number(process.env.CF_SEED || 1);

for (const law of backendLaws(denseBackend, { precision: 'float64', seed }))
  test(law.name, { timeout: law.timeout }, law.run);

test('every golden value', async () => {
  const report = await replayGoldens(denseBackend(), await embeddedGoldens());
  assert.ok(report.passed, formatGoldenReport(report));
});
