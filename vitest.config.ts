import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { readDraws } from './testing/draws.ts';
import { peersFrom } from './testing/peers-from.ts';

/** Milliseconds; laws that compile kernels need most of it, on a machine that is busy. */
const patience = 300_000 * readDraws().times;

const peers = process.env.CF_PEERS;

const config: ViteUserConfig = defineConfig({
  plugins: peersFrom(peers),
  test: {
    include: ['{packages,apps}/*/src/**/*.test.ts', 'testing/*.test.ts'],
    setupFiles: ['testing/vitest-setup.ts'],
    testTimeout: patience,
    hookTimeout: patience,
    // What was transformed for other versions names their files.
    fsModuleCache: peers === undefined,
  },
});

export default config;
