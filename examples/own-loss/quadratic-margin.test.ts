import { test } from 'node:test';
import { backendLaws, specimen } from '@cf/conformance';
import { referenceBackend } from '@cf/core';
import quadraticMargin from './quadratic-margin.ts';

const mine = specimen('quadratic-margin', (scale) => quadraticMargin(scale === undefined ? {} : { scale }));
const laws = backendLaws(referenceBackend, { specimens: [mine], precision: 'float64', seed: 1 });

for (const law of laws) test(law.name, { timeout: law.timeout }, law.run);
