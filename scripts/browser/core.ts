import { referenceBackend } from '@cf/core';
import { compareAll } from './compare.ts';

globalThis.outcome = compareAll({ reference: async () => referenceBackend() });
