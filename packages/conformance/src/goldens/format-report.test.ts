import { expect, test } from 'vitest';
import { formatGoldenReport } from './format-report.ts';
import type { GoldenReport } from './replay.ts';

const report: GoldenReport = {
  backend: 'mine',
  tolerance: 2e-5,
  passed: false,
  rows: [
    {
      loss: 'arcface',
      cases: 12,
      steps: 12,
      worst: { logits: 1.234e-6, loss: 0, gradEmbeddings: 3e-7, gradWeights: 4e-7 },
      worstCase: '003-arcface-late',
      passed: true,
    },
    {
      loss: 'curricularface',
      cases: 2,
      steps: 8,
      worst: {
        logits: 1e-6,
        loss: Number.POSITIVE_INFINITY,
        gradEmbeddings: 3e-7,
        gradWeights: 4e-7,
        state: 0.5,
      },
      worstCase: '017',
      passed: false,
    },
  ],
};

test('a report is a table with a row a loss and a verdict', () => {
  expect(formatGoldenReport(report)).toBe(
    [
      'mine: 14 cases, tolerance 0.00002',
      'loss            cases  steps  logits  loss      ∂X      ∂W      ∂b  state         worst case',
      'arcface         12     12     1.2e-6  0.0e+0    3.0e-7  4.0e-7  –   –       ok    003-arcface-late',
      'curricularface  2      8      1.0e-6  Infinity  3.0e-7  4.0e-7  –   5.0e-1  OVER  017',
      '1 of 2 losses over tolerance',
    ].join('\n'),
  );
});

test('where all pass it says so', () => {
  const passing = { ...report, passed: true, rows: report.rows.filter((row) => row.passed) };
  expect(formatGoldenReport(passing).split('\n').at(-1)).toBe('all within tolerance');
});
