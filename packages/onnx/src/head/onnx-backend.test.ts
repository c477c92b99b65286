import { backendLaws, embeddedGoldens, formatGoldenReport, replayGoldens } from '@cf/conformance';
import * as runtime from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { keptSessions } from '../runtime/testing/kept-sessions.ts';
import { onnxBackend } from './onnx-backend.ts';

/** For laws; golden cases are replayed on the runtime as it is. */
const keeping = keptSessions(runtime);

describe('onnx on the cpu provider', () => {
  for (const law of backendLaws(() => onnxBackend({ runtime: keeping, threads: 1 }), { runsPerLoss: 4 }))
    test(law.name, law.run);

  test('meets 2e-5 on all 339 golden cases', async () => {
    const report = await replayGoldens(await onnxBackend({ runtime }), await embeddedGoldens());
    expect(report.rows.reduce((sum, row) => sum + row.cases, 0)).toBe(339);
    expect(report.passed, formatGoldenReport(report)).toBe(true);
  });
});

describe('onnx on the cpu provider, element-wise work in the graph', () => {
  const laws = backendLaws(() => onnxBackend({ runtime: keeping, threads: 1, elementwise: 'graph' }), {
    runsPerLoss: 4,
  });
  const chosen =
    /^values, gradients, state|^losses that nobody ships|^everything is finite|^the size of a tile/;
  for (const law of laws.filter(({ name }) => chosen.test(name))) test(law.name, law.run);

  test('meets 2e-5 on all 339 golden cases', async () => {
    const report = await replayGoldens(
      await onnxBackend({ runtime, elementwise: 'graph' }),
      await embeddedGoldens(),
    );
    expect(report.passed, formatGoldenReport(report)).toBe(true);
  });
});
