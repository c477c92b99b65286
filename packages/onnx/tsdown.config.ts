import type { UserConfig } from 'tsdown';
import base from '../../tsdown.base.ts';

/** What reads and writes files stands by itself: the rest runs in browsers. */
const config: UserConfig = {
  ...base,
  entry: ['src/index.ts', 'src/node.ts', 'src/onednn.ts', 'src/onednn-thread.ts'],
  external: [/^node:/],
};

export default config;
