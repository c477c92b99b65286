import type { UserConfig } from 'tsdown';
import node from '../../tsdown.node.ts';

const config: UserConfig = { ...node, entry: ['src/index.ts', 'src/cli.ts'] };

export default config;
