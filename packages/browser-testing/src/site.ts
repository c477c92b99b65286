import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { launchChromium } from './chromium.ts';
import { type FolderServer, serveFolders } from './serve-folders.ts';

export interface SiteOptions {
  /** Folders that are served beside the page, by their path: `{ '/wasm/': … }`. */
  readonly folders?: Readonly<Record<string, string>>;
  /** Leave WebAssembly at its first compilation. Default false. */
  readonly quickCompile?: boolean;
  /** What the page writes to its console. */
  readonly onConsole?: (text: string) => void;
}

/** A module as a page in Chromium. */
export interface Site {
  /** Opens the page anew; `globalThis.entry` holds the module's exports. @throws what the module throws */
  open(): Promise<Page>;
  close(): Promise<void>;
}

/**
 * Bundles a module with vite, as a user would, and serves it, isolated from other origins, to a Chromium of its own.
 *
 * @param entry path of the module.
 */
export async function openSite(entry: string, options: SiteOptions = {}): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'cf-site-'));
  let server: FolderServer | undefined;
  let browser: Browser | undefined;
  const close = async (): Promise<void> => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const site = await bundle(entry, folder);
    server = await serveFolders({ ...options.folders, '/': site });
    browser = await launchChromium(options.quickCompile ?? false);
  } catch (error) {
    await close();
    throw error;
  }
  const [{ url }, chromium] = [server, browser];
  return { open: () => openPage(chromium, url, options.onConsole), close };
}

async function bundle(entry: string, folder: string): Promise<string> {
  const main = `import * as entry from ${JSON.stringify(entry)};\nglobalThis.entry = entry;\n`;
  await writeFile(join(folder, 'main.js'), main);
  await writeFile(
    join(folder, 'index.html'),
    '<!doctype html><link rel="icon" href="data:," /><script type="module" src="./main.js"></script>',
  );
  const outDir = join(folder, 'site');
  const { NODE_ENV } = process.env;
  try {
    await build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      // Threads load modules of the page in workers, where the polyfill of modulepreload finds no document.
      build: { outDir, target: 'esnext', minify: false, modulePreload: false, chunkSizeWarningLimit: 1e6 },
    });
  } finally {
    // A build makes it `production` for the whole process, and an npm that is started later leaves packages out by that.
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
  return outDir;
}

async function openPage(browser: Browser, url: string, onConsole?: (text: string) => void): Promise<Page> {
  const page = await browser.newPage();
  if (onConsole !== undefined) page.on('console', (message) => onConsole(message.text()));
  const failed = new Promise<never>((_, reject) => page.on('pageerror', reject));
  // Heard below, or not at all where the page is ready first.
  failed.catch(() => undefined);
  await page.goto(url);
  await Promise.race([
    page.waitForFunction(() => 'entry' in globalThis, undefined, { timeout: 120_000 }),
    failed,
  ]);
  return page;
}
