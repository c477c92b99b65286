import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium, which brings SwiftShader: WebGPU without a GPU. */
export const CHROMIUM = '/usr/bin/chromium';

/** Starts Chromium without a window, with a fresh profile, talking to nobody but the page's server. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    timeout: 120_000,
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--no-first-run',
      '--disable-quic',
      '--disable-sync',
      '--disable-background-networking',
      '--disable-component-update',
      // The runtime's functions run for moments here: to optimise them takes longer than it saves.
      '--js-flags=--liftoff-only',
    ],
  });
}
