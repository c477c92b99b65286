import type { UserConfig } from 'tsdown';
import base from '../../tsdown.base.ts';

/** What needs layers stands by itself: the rest needs TensorFlow.js' core alone. */
const config: UserConfig = { ...base, entry: ['src/index.ts', 'src/layers.ts'] };

export default config;
