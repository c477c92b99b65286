import type { UserConfig } from 'tsdown';
import node from '../../tsdown.node.ts';

/** A thread, and what the doctor tries in a process of its own, are started from files of their own. */
const config: UserConfig = {
  ...node,
  entry: ['src/index.ts', 'src/cli.ts', 'src/embedding/network-thread.ts', 'src/doctor/probe-process.ts'],
};

export default config;
