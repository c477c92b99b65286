import { formatGoldenReport, type GoldenFile, parseGoldens, replayGoldens } from '@cf/conformance';
import goldens from '@cf/conformance/goldens.json' with { type: 'json' };
import more from '@cf/conformance/goldens-more.json' with { type: 'json' };
import variants from '@cf/conformance/goldens-variants.json' with { type: 'json' };
import { createLoss, type HeadOutput, referenceStep } from '@cf/core';
import type { Draws } from '../../../../testing/draws.ts';
import { type GpujsMode, gpujsBackend } from '../gpujs-backend.ts';
import { type ConformanceOutcome, type LawOutcome, runLaws } from './conformance-run.ts';
import { randomProblem } from './random-problem.ts';

/** Golden cases, every `stride`-th of them: how many, whether they passed, and the report. */
export async function replay(mode: GpujsMode, stride: number): Promise<ConformanceOutcome['goldens']> {
  const files = [goldens, more, variants].map((file, n) => parseGoldens(JSON.stringify(file), `file ${n}`));
  const [file] = files as [GoldenFile];
  const cases = files.flatMap((one) => one.cases).filter((_, index) => index % stride === 0);
  const backend = await gpujsBackend({ mode });
  const report = await replayGoldens(backend, { ...file, cases });
  await backend.dispose();
  return { cases: cases.length, passed: report.passed, report: formatGoldenReport(report) };
}

/** Laws, on every `stride`-th specimen: on one problem each, times the draws' factor. */
export async function laws(mode: GpujsMode, draws: Draws, stride: number): Promise<readonly LawOutcome[]> {
  const backend = await gpujsBackend({ mode });
  const outcome = await runLaws(backend, draws, stride);
  await backend.dispose();
  return outcome;
}

/** The largest difference between a step over several tiles and the float64 reference, over the largest entry. */
export async function stepError(mode: GpujsMode, name: string): Promise<Record<string, number>> {
  const loss = createLoss(name);
  const input = randomProblem(loss, 1, 41, 210, 17);
  const backend = await gpujsBackend({ mode });
  const head = await backend.createHead(loss, { tileSize: 100 });
  const given = await head.step(input);
  const again = await head.step(input);
  await backend.dispose();
  const expected = referenceStep(loss, input);
  const errors: Record<string, number> = {};
  for (const field of ['losses', 'gradEmbeddings', 'gradWeights'] as const) {
    errors[field] = Math.max(difference(given, expected, field), difference(again, expected, field));
  }
  return errors;
}

function difference(
  given: HeadOutput,
  expected: HeadOutput,
  field: 'losses' | 'gradEmbeddings' | 'gradWeights',
): number {
  let largest = 1e-3;
  let worst = 0;
  for (const [at, value] of expected[field].entries()) {
    largest = Math.max(largest, Math.abs(value));
    worst = Math.max(worst, Math.abs(given[field][at]! - value));
  }
  return worst / largest;
}
