import { COMPARED, type Compared, type GoldenReport } from './replay.ts';

const TITLES: Readonly<Record<Compared, string>> = {
  logits: 'logits',
  loss: 'loss',
  gradEmbeddings: '∂X',
  gradWeights: '∂W',
  gradBias: '∂b',
  state: 'state',
};

/** A report as a table of text, one row a loss. */
export function formatGoldenReport(report: GoldenReport): string {
  const header = ['loss', 'cases', 'steps', ...COMPARED.map((name) => TITLES[name]), '', 'worst case'];
  const rows = report.rows.map((row) => [
    row.loss,
    String(row.cases),
    String(row.steps),
    ...COMPARED.map((name) => row.worst[name]?.toExponential(1) ?? '–'),
    row.passed ? 'ok' : 'OVER',
    row.worstCase,
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, c) => cell.padEnd(widths[c]!))
      .join('  ')
      .trimEnd();
  const cases = report.rows.reduce((sum, row) => sum + row.cases, 0);
  const over = report.rows.filter((row) => !row.passed).length;
  const verdict =
    over === 0 ? 'all within tolerance' : `${over} of ${report.rows.length} losses over tolerance`;
  return [
    `${report.backend}: ${cases} cases, tolerance ${report.tolerance}`,
    line(header),
    ...rows.map(line),
    verdict,
  ].join('\n');
}
