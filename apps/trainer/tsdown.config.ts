import type { UserConfig } from 'tsdown';
import node from '../../tsdown.node.ts';

/** A thread is started from a file of its own. */
const config: UserConfig = {
  ...node,
  entry: ['src/index.ts', 'src/cli.ts', 'src/embedding/network-thread.ts'],
};

export default config;
