import { backendLaws, formatGoldenReport, type GoldenFile, replayGoldens, SPECIMENS } from '@cf/conformance';
import type { Backend } from '@cf/core';
import type { Draws } from '../../../../testing/draws.ts';

/** One law, and what broke it. */
export interface LawOutcome {
  readonly name: string;
  readonly error: string | undefined;
}

/** What a backend came to in another process or in a page. */
export interface ConformanceOutcome {
  readonly laws: readonly LawOutcome[];
  readonly goldens: { readonly cases: number; readonly passed: boolean; readonly report: string };
}

/** Every law, on one problem a loss times the draws' factor, and every golden case, in plain data. */
export async function runConformance(
  open: () => Promise<Backend>,
  goldens: GoldenFile,
  draws: Draws,
): Promise<ConformanceOutcome> {
  const backend = await open();
  const laws = await runLaws(backend, draws);
  const report = await replayGoldens(backend, goldens);
  await backend.dispose();
  return {
    laws,
    goldens: { cases: goldens.cases.length, passed: report.passed, report: formatGoldenReport(report) },
  };
}

/** Every law, on every `stride`-th specimen: on one problem each, times the draws' factor. */
export async function runLaws(
  backend: Backend,
  { seed, times }: Draws,
  stride = 1,
): Promise<readonly LawOutcome[]> {
  const specimens = SPECIMENS.filter((_, index) => index % stride === 0);
  const laws: LawOutcome[] = [];
  for (const law of backendLaws(() => backend, { runsPerLoss: times, seed, specimens })) {
    const error = await law.run().then(
      () => undefined,
      (reason: unknown) => String(reason),
    );
    laws.push({ name: law.name, error });
  }
  return laws;
}
