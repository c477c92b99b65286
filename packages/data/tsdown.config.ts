import type { UserConfig } from 'tsdown';
import node from '../../tsdown.node.ts';

/** A thread is started from a file of its own. */
const config: UserConfig = {
  ...node,
  entry: ['src/index.ts', 'src/align/human-thread.ts', 'src/stream/picture-worker.ts'],
};

export default config;
