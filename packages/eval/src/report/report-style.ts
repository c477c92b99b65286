/** The style sheet of a report: system fonts, light and dark by the reader's preference, one column on a phone. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8;
  --card: #ffffff;
  --ink: #1c1f23;
  --muted: #5a626d;
  --rule: #dfe3e8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1013;
    --card: #15181d;
    --ink: #e6e8eb;
    --muted: #9aa3ae;
    --rule: #2a2f36;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0;
  background: var(--page);
  color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 1376px; margin: 0 auto; padding: 32px 16px 48px; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 0 0 8px; font-size: 1.0625rem; }
.subtitle { margin: 4px 0 0; color: var(--muted); overflow-wrap: anywhere; }
.summary {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 150px), 1fr));
  gap: 12px;
  margin: 24px 0 0;
}
.card, .summary > div { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 14px 16px; }
.summary dt { color: var(--muted); font-size: 0.875rem; }
.summary dd { margin: 0; }
.summary .value { font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.summary .note { color: var(--muted); font-size: 0.8125rem; }
.charts, .tables {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr));
  gap: 16px;
  margin-top: 16px;
}
figure { margin: 0; min-width: 0; }
figure svg { display: block; width: 100%; min-width: 480px; height: auto; }
figcaption { margin-top: 6px; color: var(--muted); font-size: 0.875rem; }
.tables { grid-template-columns: minmax(0, 1fr); align-items: start; }
.pictures { margin-top: 16px; }
.pictures > div { display: flex; flex-wrap: wrap; gap: 16px; margin-top: 12px; }
.pictures img { display: block; max-width: 100%; height: auto; border-radius: 4px; }
.pictures figcaption { max-width: 240px; overflow-wrap: anywhere; }
.config { margin-top: 16px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9375rem; }
th, td { padding: 6px 28px 6px 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; }
th { color: var(--muted); font-weight: 500; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
tbody tr:last-child td { border-bottom: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
summary { cursor: pointer; font-weight: 600; }
pre { margin: 12px 0 0; overflow-x: auto; font: 0.8125rem/1.5 ui-monospace, Menlo, Consolas, monospace; }
@media (max-width: 640px) {
  table, tbody, tr, td { display: block; }
  thead { display: none; }
  tr { padding: 8px 0; border-bottom: 1px solid var(--rule); }
  tbody tr:last-child { border-bottom: 0; }
  td, td:last-child { display: flex; justify-content: space-between; gap: 16px; padding: 2px 0; border: 0; text-align: right; white-space: normal; overflow-wrap: anywhere; }
  td::before { content: attr(data-column); color: var(--muted); text-align: left; }
}
@media print { .card, .summary > div, figure { break-inside: avoid; } }
`;
