import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { readDraws } from './testing/draws.ts';
import { peersFrom } from './testing/peers-from.ts';

/** Milliseconds; laws that compile kernels need most of it, on a machine that is busy. */
const patience = 300_000 * readDraws().times;

const config: ViteUserConfig = defineConfig({
  plugins: peersFrom(process.env.CF_PEERS),
  test: {
    include: ['{packages,apps}/*/src/**/*.test.ts', 'testing/*.test.ts'],
    setupFiles: ['testing/vitest-setup.ts'],
    testTimeout: patience,
    hookTimeout: patience,
  },
});

export default config;
