import {
  BACKEND_LAWS,
  backendLaws,
  embeddedGoldens,
  FORMULA_LAWS,
  formatGoldenReport,
  replayGoldens,
} from '@cf/conformance';
import { GPU } from 'gpu.js';
import { describe, expect, test } from 'vitest';
import { readDraws } from '../../../testing/draws.ts';
import { gpujsBackend } from './gpujs-backend.ts';
import type { ConformanceOutcome } from './testing/conformance-run.ts';
import { runWebgpuProcess } from './testing/run-webgpu-process.ts';

/** True float32 in every mode: the goldens' rule for float32 holds as it is. */
const TOLERANCE = 2e-5;
const MINUTES = 60_000 * readDraws().times;

const local = [
  { mode: 'cpu', runsPerLoss: 4, available: true },
  { mode: 'webasm', runsPerLoss: 1, available: GPU.isWebAssemblySupported },
  { mode: 'headlessgl', runsPerLoss: 1, available: GPU.isHeadlessGLSupported },
] as const;

for (const { mode, runsPerLoss, available } of local) {
  describe.skipIf(!available)(
    available ? `mode ${mode}` : `mode ${mode} (needs what gpu.js runs it on)`,
    () => {
      for (const law of backendLaws(() => gpujsBackend({ mode }), { runsPerLoss })) {
        test(law.name, law.run);
      }

      test(
        'all golden cases within 2e-5',
        async () => {
          const backend = await gpujsBackend({ mode });
          const goldens = await embeddedGoldens();
          const report = await replayGoldens(backend, goldens);
          await backend.dispose();
          expect(goldens.cases.length).toBe(339);
          expect(report.tolerance).toBe(TOLERANCE);
          expect(report.passed, formatGoldenReport(report)).toBe(true);
        },
        10 * MINUTES,
      );
    },
  );
}

const hasWebgpu = (await runWebgpuProcess<true>('./webgpu-probe.ts')) === true;

describe.skipIf(!hasWebgpu)(hasWebgpu ? 'mode webgpu' : 'mode webgpu (needs an adapter)', () => {
  let outcome: Promise<ConformanceOutcome | null> | undefined;
  const run = (): Promise<ConformanceOutcome | null> => {
    outcome ??= runWebgpuProcess<ConformanceOutcome>('./webgpu-conformance.ts');
    return outcome;
  };

  test.each([...FORMULA_LAWS, ...BACKEND_LAWS].map(({ name }) => name))(
    '%s',
    async (name) => {
      const law = (await run())!.laws.find((one) => one.name === name);
      expect(law).toBeDefined();
      expect(law!.error).toBeUndefined();
    },
    10 * MINUTES,
  );

  test(
    'all golden cases within 2e-5',
    async () => {
      const { goldens } = (await run())!;
      expect(goldens.cases).toBe(339);
      expect(goldens.passed, goldens.report).toBe(true);
    },
    10 * MINUTES,
  );
});
