import type { UserConfig } from 'tsdown';
import base from './tsdown.base.ts';

/** For packages that use Node's own modules. */
const config: UserConfig = { ...base, platform: 'node', fixedExtension: false };

export default config;
