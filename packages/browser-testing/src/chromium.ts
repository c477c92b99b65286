import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium, which brings SwiftShader: WebGPU without a GPU. */
export const CHROMIUM = '/usr/bin/chromium';

export const hasChromium: boolean = existsSync(CHROMIUM);

/**
 * Starts Chromium without a window, with a fresh profile, talking to nobody but the page's server.
 *
 * @param quickCompile leaves WebAssembly at its first compilation, which is best where functions run for moments.
 */
export function launchChromium(quickCompile: boolean): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    timeout: 120_000,
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--no-first-run',
      '--disable-quic',
      '--disable-sync',
      '--disable-background-networking',
      '--disable-component-update',
      ...(quickCompile ? ['--js-flags=--liftoff-only'] : []),
    ],
  });
}
