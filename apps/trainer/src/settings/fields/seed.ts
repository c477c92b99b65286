import { setting } from '../setting.ts';
import { integer } from './values.ts';

/** Of the drawn pictures and of the training alike. */
export const seed = setting('--seed <n>', integer(0, 2 ** 31).default(0), 'same seed, same run');
