import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hasChromium, launchChromium } from '@cf/browser-testing';
import { expect, it } from 'vitest';
import { lineChart } from '../charts/line-chart.ts';
import { htmlReport } from './html-report.ts';

/** A PNG of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

it.skipIf(!hasChromium)(
  'a page fits a phone: tables in full width, pictures that load, nothing that runs over',
  async () => {
    const columns = [
      'model',
      'accuracy',
      'AUC',
      'EER',
      'TAR at FAR 1e-1',
      'TAR at FAR 1e-2',
      'TAR at FAR 1e-3',
      'TAR at FAR 1e-4',
    ];
    const html = htmlReport({
      title: 'Training with curricularface',
      summary: [{ label: 'accuracy', value: '99 %' }],
      charts: [
        {
          title: 'Loss',
          svg: await lineChart({
            title: 'Loss',
            xTitle: 'step',
            yTitle: 'loss',
            series: [
              {
                name: 'a',
                points: [
                  { x: 1, y: 1 },
                  { x: 2, y: 0 },
                ],
              },
            ],
          }),
        },
      ],
      pictures: [
        {
          title: 'Hard',
          pictures: [
            { bytes: PIXEL, caption: 'a-very-long-name-of-a-picture-that-has-no-blank-in-it-at-all.jpg <b>' },
          ],
        },
      ],
      tables: [
        {
          title: 'Verification',
          columns,
          rows: [
            columns.map((_, i) =>
              i === 0 ? 'mobilefacenet-y1.onnx alone, flipped' : 'too few impostor pairs',
            ),
          ],
        },
      ],
    });
    const folder = await mkdtemp(join(tmpdir(), 'cf-report-'));
    const file = join(folder, 'report.html');
    await writeFile(file, html);
    const browser = await launchChromium(false);
    try {
      for (const width of [320, 360, 1300]) {
        const page = await browser.newPage({ viewport: { width, height: 800 } });
        const problems: string[] = [];
        page.on('console', (message) => problems.push(message.text()));
        await page.goto(pathToFileURL(file).href);
        const seen = await page.evaluate(() => {
          const table = document.querySelector('table')!;
          const image = document.querySelector('img')!;
          const last = [...document.querySelectorAll('td')].at(-1)!;
          return {
            page: document.documentElement.scrollWidth,
            table: table.scrollWidth <= table.parentElement!.clientWidth,
            isLoaded: image.naturalWidth,
            lastRight: last.getBoundingClientRect().right,
            label: getComputedStyle(last, '::before').content,
          };
        });
        expect(seen).toMatchObject({ page: width, table: true, isLoaded: 1 });
        expect(seen.lastRight).toBeLessThanOrEqual(width);
        expect(seen.label.includes('TAR at FAR 1e-4')).toBe(width < 640);
        expect(problems).toEqual([]);
        await page.close();
      }
    } finally {
      await browser.close();
      await rm(folder, { recursive: true });
    }
  },
);
