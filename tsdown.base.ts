import { defineConfig, type UserConfig } from 'tsdown';

const config: UserConfig = defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  platform: 'neutral',
  dts: true,
  // One file a module, so that a bundler leaves out what is not used.
  unbundle: true,
  clean: true,
});

export default config;
