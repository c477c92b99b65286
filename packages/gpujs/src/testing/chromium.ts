import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';

const EXECUTABLE = '/usr/bin/chromium';

export const hasChromium: boolean = existsSync(EXECUTABLE);

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

/** A page that has run one module. */
export interface OpenPage {
  readonly page: Page;
  close(): Promise<void>;
}

/**
 * Bundles a module with vite, serves it on the loopback and opens it in Chromium, where `entry` holds its exports.
 *
 * @param entry path of the module. @param onConsole told what the page logs.
 */
export async function openPage(
  entry: string,
  onConsole: (text: string) => void = () => undefined,
): Promise<OpenPage> {
  const folder = await mkdtemp(join(tmpdir(), 'cf-page-'));
  await bundle(entry, folder);
  // Threads of WebAssembly need these two headers.
  const isolation = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  };
  const server = createServer((request, response) => {
    const name = request.url === '/' ? 'index.html' : request.url!.slice(1).replaceAll('..', '');
    readFile(join(folder, name)).then(
      (body) =>
        response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? '', ...isolation }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await launch();
  const page = await browser.newPage();
  page.on('console', (message) => {
    if (message.type() === 'log') onConsole(message.text());
  });
  const close = async (): Promise<void> => {
    await browser.close();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  };
  const failed = new Promise<never>((_, reject) => page.on('pageerror', reject));
  failed.catch(() => undefined);
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await Promise.race([
    page.waitForFunction(() => 'entry' in globalThis, undefined, { timeout: 120_000 }),
    failed,
  ]);
  return { page, close };
}

async function bundle(entry: string, folder: string): Promise<void> {
  await writeFile(
    join(folder, 'main.js'),
    `import * as entry from ${JSON.stringify(entry)};\nglobalThis.entry = entry;\n`,
  );
  await build({
    root: folder,
    logLevel: 'error',
    configFile: false,
    build: {
      lib: { entry: join(folder, 'main.js'), formats: ['es'], fileName: () => 'bundle.js' },
      outDir: folder,
      emptyOutDir: false,
      target: 'esnext',
      minify: false,
    },
  });
  await writeFile(
    join(folder, 'index.html'),
    '<!doctype html><script type="module" src="/bundle.js"></script>',
  );
}

function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
