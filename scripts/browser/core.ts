import { referenceBackend } from '@cf/core';
import { compareAll } from './compare.ts';

export const outcome = compareAll({ reference: async () => referenceBackend() });
