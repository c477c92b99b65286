import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { readDraws } from './testing/draws.ts';

const patience = 120_000 * readDraws().times;

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['{packages,apps}/*/src/**/*.test.ts', 'testing/*.test.ts'],
    setupFiles: ['testing/vitest-setup.ts'],
    testTimeout: patience,
    hookTimeout: patience,
  },
});

export default config;
