import { type OptionNames, requireKnownOptions } from '@cf/core';
import { ReportError } from '../errors.ts';
import { escapeHtml } from './escape-html.ts';
import { REPORT_STYLE } from './report-style.ts';

/** A number worth seeing first. */
export interface ReportSummaryItem {
  readonly label: string;
  readonly value: string | number;
  /** A line of small print under it. */
  readonly note?: string | undefined;
}

/** A picture with its title. */
export interface ReportChart {
  /** What the picture is, for readers who cannot see it; not printed, as pictures carry their own titles. */
  readonly title: string;
  /** An `<svg>` element, as the charts of this package return it. */
  readonly svg: string;
  readonly caption?: string | undefined;
}

/** What a cell of a table may hold; null and undefined are printed as a dash. */
export type ReportCell = string | number | boolean | null | undefined;

/** Photographs with their captions, such as pairs that are hard to tell. */
export interface ReportPictures {
  readonly title: string;
  readonly caption?: string | undefined;
  readonly pictures: readonly ReportPicture[];
}

export interface ReportPicture {
  /** A PNG or a JPEG. */
  readonly bytes: Uint8Array;
  readonly caption: string;
}

/** A table; every row has one cell a column. */
export interface ReportTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly ReportCell[])[];
}

/** What {@link htmlReport} puts on a page. */
export interface HtmlReportOptions {
  readonly title: string;
  readonly subtitle?: string | undefined;
  readonly summary: readonly ReportSummaryItem[];
  readonly charts: readonly ReportChart[];
  readonly pictures?: readonly ReportPictures[] | undefined;
  readonly tables: readonly ReportTable[];
  /** Printed as JSON, folded away at the end. */
  readonly config?: object | undefined;
}

const OPTIONS: OptionNames<HtmlReportOptions> = {
  title: true,
  subtitle: true,
  summary: true,
  charts: true,
  pictures: true,
  tables: true,
  config: true,
};

/**
 * A report as one HTML page that needs nothing else: style and pictures are inside, scripts there are none.
 *
 * All text is escaped. The page follows the reader's light or dark preference and fits a phone.
 *
 * @throws ReportError (`E_REPORT`) if a chart is not an `<svg>` element or could run a script, or a table is ragged.
 */
export function htmlReport(options: HtmlReportOptions): string {
  requireKnownOptions('htmlReport', options, OPTIONS);
  const { title, subtitle, summary, charts, pictures = [], tables, config } = options;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escapeHtml(title)}</h1>
${subtitle === undefined ? '' : `<p class="subtitle">${escapeHtml(subtitle)}</p>`}
</header>
${section(summary, (items) => `<dl class="summary">\n${items.map(summaryItem).join('\n')}\n</dl>`)}
${section(charts, (items) => `<div class="charts">\n${items.map(figure).join('\n')}\n</div>`)}
${section(pictures, (items) => items.map(pictureSection).join('\n'))}
${section(tables, (items) => `<div class="tables">\n${items.map(tableSection).join('\n')}\n</div>`)}
${config === undefined ? '' : configSection(config)}
</main>
</body>
</html>
`;
}

/** Nothing for an empty list, so that no empty box is left on the page. */
function section<T>(items: readonly T[], render: (items: readonly T[]) => string): string {
  return items.length === 0 ? '' : render(items);
}

function summaryItem({ label, value, note }: ReportSummaryItem): string {
  const small = note === undefined ? '' : `<dd class="note">${escapeHtml(note)}</dd>`;
  return `<div><dt>${escapeHtml(label)}</dt><dd class="value">${escapeHtml(cellText(value))}</dd>${small}</div>`;
}

function figure({ title, svg, caption }: ReportChart, index: number): string {
  const picture = svg.trim();
  if (!picture.startsWith('<svg') || !picture.endsWith('</svg>')) {
    throw new ReportError(
      `charts[${index}].svg = ${JSON.stringify(picture.slice(0, 40))} …`,
      'one <svg> element',
      'await lineChart(), rocChart() or scoreHistogram() and pass what they return.',
    );
  }
  if (/<script|<foreignObject|\son\w+\s*=|javascript:/i.test(tagsOf(picture))) {
    throw new ReportError(
      `charts[${index}].svg with a script in it`,
      'a picture without scripts',
      'pass what the charts of this package return.',
    );
  }
  const small = caption === undefined ? '' : `<figcaption>${escapeHtml(caption)}</figcaption>`;
  return `<figure class="card" aria-label="${escapeHtml(title)}"><div class="scroll">${picture}</div>${small}</figure>`;
}

/** The picture without its text: escaped text may say anything. */
function tagsOf(svg: string): string {
  return svg.replace(/>[^<]*</g, '><').replace(/\saria-label="[^"]*"/g, '');
}

function pictureSection({ title, caption, pictures }: ReportPictures): string {
  const items = pictures.map(({ bytes, caption: text }) => {
    const type = bytes[0] === 0xff ? 'jpeg' : 'png';
    const alt = escapeHtml(text);
    return `<figure><img src="data:image/${type};base64,${base64(bytes)}" alt="${alt}"><figcaption>${alt}</figcaption></figure>`;
  });
  const small = caption === undefined ? '' : `<p class="subtitle">${escapeHtml(caption)}</p>`;
  return `<section class="card pictures">\n<h2>${escapeHtml(title)}</h2>${small}\n<div>${items.join('\n')}</div>\n</section>`;
}

function base64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let from = 0; from < bytes.length; from += 8192)
    parts.push(String.fromCharCode(...bytes.subarray(from, from + 8192)));
  return btoa(parts.join(''));
}

function tableSection({ title, columns, rows }: ReportTable, tableIndex: number): string {
  rows.forEach((row, index) => {
    if (row.length === columns.length) return;
    throw new ReportError(
      `tables[${tableIndex}].rows[${index}] with ${row.length} cells`,
      `${columns.length}, one for each column`,
      'fill empty cells with null.',
    );
  });
  const numeric = columns.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof (row[column] ?? 0) === 'number'),
  );
  const cell = (tag: 'th' | 'td', text: string, column: number): string => {
    // On a phone a row is a list, and each cell says what it is.
    const name = tag === 'th' ? ' scope="col"' : ` data-column="${escapeHtml(columns[column]!)}"`;
    const attributes = `${name}${numeric[column] ? ' class="number"' : ''}`;
    return `<${tag}${attributes}>${escapeHtml(text)}</${tag}>`;
  };
  const head = columns.map((name, column) => cell('th', name, column)).join('');
  const body = rows.map(
    (row) => `<tr>${row.map((value, k) => cell('td', cellText(value), k)).join('')}</tr>`,
  );
  return `<section class="card">
<h2>${escapeHtml(title)}</h2>
<div class="scroll"><table>
<thead><tr>${head}</tr></thead>
<tbody>
${body.join('\n')}
</tbody>
</table></div>
</section>`;
}

function configSection(config: object): string {
  const json = JSON.stringify(config, null, 2);
  return `<section class="card config"><details><summary>Configuration</summary><pre>${escapeHtml(json)}</pre></details></section>`;
}

function cellText(value: ReportCell): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number' && !Number.isFinite(value)) return '–';
  return String(value);
}
