import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { readDraws } from './testing/draws.ts';
import { LongFilesFirst } from './testing/long-files-first.ts';
import { peersFrom } from './testing/peers-from.ts';

/** Milliseconds; laws that compile kernels need most of it, on a machine that is busy. */
const patience = 600_000 * readDraws().times;

const peers = process.env.CF_PEERS;

const config: ViteUserConfig = defineConfig({
  plugins: peersFrom(peers),
  test: {
    include: ['{packages,apps}/*/src/**/*.test.ts', 'testing/*.test.ts', 'scripts/**/*.test.mjs'],
    setupFiles: ['testing/vitest-setup.ts'],
    testTimeout: patience,
    hookTimeout: patience,
    sequence: { sequencer: LongFilesFirst },
    env: {
      // Programs that tests start compile their sources once.
      NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'node-compile'),
      // onnxruntime tells nobody what tests run.
      ORT_DISABLE_TELEMETRY: '1',
    },
    // What was transformed for other versions names their files.
    fsModuleCache: peers === undefined,
  },
});

export default config;
