import type { UserConfig } from 'tsdown';
import base from '../../tsdown.base.ts';

/** What reads files stands by itself: the rest runs in browsers. A thread is started from a file of its own. */
const config: UserConfig = {
  ...base,
  entry: ['src/index.ts', 'src/node.ts', 'src/align/human-thread.ts', 'src/stream/picture-worker.ts'],
  external: [/^node:/],
};

export default config;
