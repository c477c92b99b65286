import type { UserConfig } from 'tsdown';
import base from '../../tsdown.base.ts';

/** Numbers, pictures that vega draws, and pictures that need no library. */
const config: UserConfig = { ...base, entry: ['src/index.ts', 'src/charts.ts', 'src/svg.ts'] };

export default config;
