import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['{packages,apps}/*/src/**/*.test.ts', 'testing/**/*.test.ts'],
    setupFiles: ['testing/vitest-setup.ts'],
  },
});

export default config;
