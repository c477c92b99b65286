import type { UserConfig } from 'tsdown';
import node from '../../tsdown.node.ts';

/** What the doctor tries runs in a process of its own. */
const config: UserConfig = { ...node, entry: ['src/index.ts', 'src/cli.ts', 'src/doctor/probe-process.ts'] };

export default config;
