import { describe, expect, it } from 'vitest';
import { lineChart } from '../charts/line-chart.ts';
import { escapeHtml } from './escape-html.ts';
import { type HtmlReportOptions, htmlReport } from './html-report.ts';

const empty: HtmlReportOptions = { title: 'Run', summary: [], charts: [], tables: [] };
const picture = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0,0"/></svg>';

describe('htmlReport', () => {
  it('holds what it was given', () => {
    const html = htmlReport({
      title: 'Run 7',
      subtitle: 'seed 1',
      summary: [{ label: 'accuracy', value: 0.98, note: 'fold 10' }],
      charts: [{ title: 'Loss', svg: picture, caption: 'mean of a batch' }],
      tables: [
        {
          title: 'TAR',
          columns: ['FAR', 'status'],
          rows: [
            [0.1, 'ok'],
            [0.01, null],
          ],
        },
      ],
      config: { loss: 'curricularface' },
    });
    for (const text of [
      '<title>Run 7</title>',
      '<h1>Run 7</h1>',
      'seed 1',
      '<dt>accuracy</dt><dd class="value">0.98</dd><dd class="note">fold 10</dd>',
      picture,
      '<figcaption>mean of a batch</figcaption>',
      '<th scope="col" class="number">FAR</th><th scope="col">status</th>',
      '<td data-column="FAR" class="number">0.1</td><td data-column="status">ok</td>',
      '<td data-column="FAR" class="number">0.01</td><td data-column="status">–</td>',
      '&quot;loss&quot;: &quot;curricularface&quot;',
    ]) {
      expect(html).toContain(text);
    }
  });

  it('escapes every text', () => {
    const nasty = `<script>alert('x')</script>"&`;
    const html = htmlReport({
      title: nasty,
      subtitle: nasty,
      summary: [{ label: nasty, value: nasty, note: nasty }],
      charts: [{ title: nasty, svg: picture, caption: nasty }],
      tables: [{ title: nasty, columns: [nasty], rows: [[nasty]] }],
      config: { [nasty]: nasty },
    });
    expect(html).not.toContain('<script');
    expect(html).not.toContain("alert('x')");
    // title twice, subtitle, label, value, note, chart's title and caption, table's title, column (twice), cell, key and value.
    expect(html.split('&lt;script&gt;')).toHaveLength(1 + 14);
  });

  it('needs nothing from outside and forbids it', () => {
    const html = htmlReport({ ...empty, charts: [{ title: 'a', svg: picture }] });
    expect(html).not.toMatch(/<(script|link|img|iframe|object|embed)\b|@import|url\(|\ssrc=/);
    expect(html).toContain("default-src 'none'");
    expect(html.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:/);
  });

  it('leaves out what is empty', () => {
    const html = htmlReport(empty);
    for (const part of ['<dl', '<figure', '<table', '<details', 'class="subtitle"', 'undefined']) {
      expect(html).not.toContain(part);
    }
  });

  it('prints a dash for what is no number', () => {
    const rows = [
      [Number.NaN, null],
      [undefined, Number.POSITIVE_INFINITY],
    ];
    const html = htmlReport({ ...empty, tables: [{ title: 't', columns: ['a', 'b'], rows }] });
    expect(html.match(/<td data-column="[^"]*" class="number">–<\/td>/g)).toHaveLength(4);
    expect(html).not.toMatch(/NaN|Infinity/);
  });

  it('takes the charts of this package, whatever their text says', async () => {
    const svg = await lineChart({
      title: '<script> onload=1 javascript:',
      xTitle: 'x',
      yTitle: 'y',
      series: [{ name: 'a onclick=2', points: [{ x: 1, y: 1 }] }],
    });
    expect(htmlReport({ ...empty, charts: [{ title: 'a', svg }] })).toContain(svg);
  });

  it.each([
    ['a promise that nobody awaited', String(Promise.resolve())],
    ['nothing', ''],
    ['a script', '<svg><script>alert(1)</script></svg>'],
    ['an event handler', '<svg onload="alert(1)"></svg>'],
    ['a handler after a label', '<svg aria-label="x" onclick = "alert(1)"></svg>'],
    ['a link that runs', '<svg><a href="javascript:alert(1)"></a></svg>'],
    ['foreign content', '<svg><foreignObject></foreignObject></svg>'],
    ['half a picture', '<svg><g>'],
  ])('refuses %s for a picture', (_, svg) => {
    expect(() => htmlReport({ ...empty, charts: [{ title: 'a', svg }] })).toThrow(/charts\[0\]\.svg/);
  });

  it('refuses a ragged table', () => {
    const tables = [{ title: 't', columns: ['a', 'b'], rows: [[1, 2], [3]] }];
    expect(() => htmlReport({ ...empty, tables })).toThrow(/tables\[0\]\.rows\[1\] with 1 cells, expected 2/);
  });
});

describe('escapeHtml', () => {
  it('replaces the five characters and nothing else', () => {
    expect(escapeHtml(`<a href="x" id='y'>&amp; ü 你</a>`)).toBe(
      '&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp; ü 你&lt;/a&gt;',
    );
  });
});
