/** A table of text: the names of its columns, and its lines. */
export interface TextTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The table as Markdown has it. @param isAligned whether its columns stand below each other in the source as well */
export function markdownTable({ columns, rows }: TextTable, isAligned: boolean = false): string {
  const cells = [columns, ...rows].map((row) => row.map(cellText));
  const widths = isAligned ? widthsOf(cells) : columns.map(() => 0);
  const [head, ...lines] = cells.map((row) => markdownLine(row.map((cell, i) => cell.padEnd(widths[i]!))));
  const rule = markdownLine(widths.map((width) => '-'.repeat(width || 3)));
  return [head, rule, ...lines].join('\n');
}

/** Rows with their cells below each other, for a terminal. @param pad where a cell is shorter than its column */
export function alignedLines(
  rows: readonly (readonly string[])[],
  pad: 'padStart' | 'padEnd' = 'padEnd',
): readonly string[] {
  const widths = widthsOf(rows);
  return rows.map((row) =>
    row
      .map((cell, i) => cell[pad](widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

function widthsOf(rows: readonly (readonly string[])[]): readonly number[] {
  return (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
}

function markdownLine(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** A cell ends neither its column nor its line. */
function cellText(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
