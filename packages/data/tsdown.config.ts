import type { UserConfig } from 'tsdown';
import node from '../../tsdown.node.ts';

/** The program of a thread is a file of its own. */
const config: UserConfig = {
  ...node,
  entry: { index: 'src/index.ts', 'picture-worker': 'src/stream/picture-worker.ts' },
};

export default config;
