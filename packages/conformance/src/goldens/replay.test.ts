import {
  type Backend,
  type HeadInput,
  type HeadOutput,
  type MarginLoss,
  referenceBackend,
  referenceStep,
} from '@cf/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { embeddedGoldens } from './embedded.ts';
import { formatGoldenReport } from './format-report.ts';
import { type GoldenCase, type GoldenFile, GoldenFormatError } from './golden-file.ts';
import { type Compared, GOLDEN_TOLERANCE, replayGoldens } from './replay.ts';

/** The reference with one thing wrong: what goes in, or what comes out. */
function broken(mutant: {
  input?: (input: HeadInput) => HeadInput;
  output?: (output: HeadOutput, loss: MarginLoss) => Partial<HeadOutput>;
}): Backend {
  return {
    ...referenceBackend(),
    name: 'broken',
    createHead: async (loss, options) => ({
      loss,
      subCenters: options?.subCenters ?? 1,
      step: async (input) => {
        const output = referenceStep(loss, mutant.input?.(input) ?? input, options);
        return { ...output, ...mutant.output?.(output, loss) };
      },
      dispose() {},
    }),
  };
}

let goldens: GoldenFile;
beforeAll(async () => {
  const { cases } = await embeddedGoldens();
  // Of every loss its first case and all of several steps.
  const firstOf = new Map<string, GoldenCase>();
  for (const golden of cases) if (!firstOf.has(golden.loss)) firstOf.set(golden.loss, golden);
  goldens = {
    cases: cases.filter((golden) => golden.steps.length > 1 || firstOf.get(golden.loss) === golden),
  };
});

const changed = (change: Partial<GoldenCase>): GoldenFile => ({
  cases: [{ ...goldens.cases[0]!, ...change }],
});

describe('the reference', () => {
  test('passes, and is told after every case', async () => {
    const seen: number[] = [];
    const total = goldens.cases.length;
    const report = await replayGoldens(referenceBackend(), goldens, {
      onCase: (done, of) => {
        expect(of).toBe(total);
        seen.push(done);
      },
    });
    expect(report.passed, formatGoldenReport(report)).toBe(true);
    expect(seen).toEqual(goldens.cases.map((_, i) => i + 1));
    expect(report.rows.reduce((sum, row) => sum + row.cases, 0)).toBe(total);
    for (const row of report.rows) expect(goldens.cases.map(({ id }) => id)).toContain(row.worstCase);
  });

  test('does not pass a tolerance under its rounding', async () => {
    expect((await replayGoldens(referenceBackend(), goldens, { tolerance: 1e-18 })).passed).toBe(false);
  });

  test('tolerances are those of the precision', async () => {
    const narrow: Backend = { ...referenceBackend(), precision: 'float32' };
    expect((await replayGoldens(narrow, changed({}))).tolerance).toBe(GOLDEN_TOLERANCE.float32);
  });
});

describe('a broken backend fails', () => {
  const times = (factor: number) => (values: ArrayLike<number>) =>
    Float64Array.from(values, (v) => factor * v);
  const off = times(1.001);

  test.each<[Compared, (output: HeadOutput) => Partial<HeadOutput>]>([
    ['gradEmbeddings', ({ gradEmbeddings }) => ({ gradEmbeddings: off(gradEmbeddings) })],
    ['gradWeights', ({ gradWeights }) => ({ gradWeights: off(gradWeights) })],
    ['gradBias', ({ gradBias }) => ({ gradBias: gradBias && off(gradBias) })],
    ['loss', ({ loss }) => ({ loss: loss + 1e-3 })],
    ['loss', ({ losses }) => ({ losses: off(losses) })],
    ['loss', ({ regulariser }) => ({ regulariser: regulariser * 1.001 })],
    ['logits', ({ inspection }) => ({ inspection: { ...inspection!, logits: off(inspection!.logits) } })],
    ['logits', () => ({ inspection: undefined })],
    ['gradEmbeddings', ({ gradEmbeddings }) => ({ gradEmbeddings: times(Number.NaN)(gradEmbeddings) })],
  ])('%s off: nothing else is blamed', async (compared, output) => {
    const report = await replayGoldens(broken({ output }), goldens);
    expect(report.passed).toBe(false);
    for (const row of report.rows) {
      for (const [name, error] of Object.entries(row.worst)) {
        if (name !== compared) expect(error, `${row.loss} ${name}`).toBeLessThan(GOLDEN_TOLERANCE.float64);
      }
    }
    const blamed = report.rows.filter((row) => !row.passed);
    for (const row of blamed) expect(row.worst[compared]).not.toBeLessThan(1e-6);
    expect(formatGoldenReport(report)).toContain(
      `${blamed.length} of ${report.rows.length} losses over tolerance`,
    );
  });

  test('a forgotten state fails the losses that have one, in the state and what follows from it', async () => {
    const forget = ({ state: _, ...input }: HeadInput): HeadInput => input;
    const report = await replayGoldens(broken({ input: forget }), goldens);
    const failed = report.rows.filter((row) => !row.passed);
    expect(failed.map(({ loss }) => loss).sort()).toEqual(['adacos', 'adaface', 'curricularface']);
    for (const { worst } of failed) {
      expect(worst.state).toBeGreaterThan(1e-6);
      expect(worst.gradWeights).toBeGreaterThan(1e-6);
    }
  });

  test('a state value that is missing is infinitely wrong', async () => {
    const output = ({ state }: HeadOutput): Partial<HeadOutput> => ({ state: { ...state, values: {} } });
    const report = await replayGoldens(broken({ output }), {
      cases: goldens.cases
        .filter(({ loss }) => loss === 'adaface')
        .map((golden) => ({ ...golden, steps: golden.steps.slice(0, 1) })),
    });
    expect(report.rows[0]).toMatchObject({ passed: false, worst: { state: Number.POSITIVE_INFINITY } });
  });

  test('one wrong loss fails alone', async () => {
    const output = ({ loss }: HeadOutput, { name }: MarginLoss): Partial<HeadOutput> =>
      name === 'magface' ? { loss: loss + 1 } : {};
    const report = await replayGoldens(broken({ output }), goldens);
    expect(report.rows.filter((row) => !row.passed).map(({ loss }) => loss)).toEqual(['magface']);
  });
});

describe('nothing is ignored', () => {
  test('an unknown loss, with the nearest', async () => {
    const run = replayGoldens(referenceBackend(), changed({ loss: 'arcfac' }));
    await expect(run).rejects.toThrow(GoldenFormatError);
    await expect(run).rejects.toThrow(/did you mean 'arcface'/);
  });

  test('an unknown parameter, and a parameter out of range', async () => {
    await expect(replayGoldens(referenceBackend(), changed({ params: { mragin: 0.5 } }))).rejects.toThrow(
      /did you mean 'margin'/,
    );
    await expect(replayGoldens(referenceBackend(), changed({ params: { scale: null } }))).rejects.toThrow(
      /scale = null/,
    );
  });

  test('an unknown loss in the last case stops the run before the first', async () => {
    const cases = [goldens.cases[0]!, { ...goldens.cases[0]!, loss: 'none' }];
    let started = 0;
    const run = replayGoldens(referenceBackend(), { cases }, { onCase: () => started++ });
    await expect(run).rejects.toThrow(GoldenFormatError);
    expect(started).toBe(0);
  });

  test('draws missing, and draws too many', async () => {
    const elastic = goldens.cases.find(({ loss }) => loss === 'elastic-arcface')!;
    const without = elastic.steps.map(({ draws: _, ...step }) => step);
    await expect(
      replayGoldens(referenceBackend(), { cases: [{ ...elastic, steps: without }] }),
    ).rejects.toThrow(GoldenFormatError);
    const steps = goldens.cases[0]!.steps.map((step) => ({ ...step, draws: step.labels.map(() => 0.5) }));
    await expect(replayGoldens(referenceBackend(), changed({ steps }))).rejects.toThrow(/draws present/);
  });

  test('a state that no loss of that name has', async () => {
    const steps = goldens.cases[0]!.steps.map((step) => ({ ...step, stateAfter: { tt: 0 } }));
    expect((await replayGoldens(referenceBackend(), changed({ steps }))).passed).toBe(false);
  });

  test('the case is named where a parameter is unknown', async () => {
    await replayGoldens(referenceBackend(), changed({ id: 'case-17', params: { mragin: 0.5 } })).catch(
      (error) => {
        expect(String(error)).toContain('case-17');
      },
    );
  });
});
