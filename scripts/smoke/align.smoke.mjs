import assert from 'node:assert/strict';
import { ARCFACE_TEMPLATE, templateSimilarity } from '@cf/data';
import { humanDetector } from '@cf/data/node';

const { a, b } = templateSimilarity(ARCFACE_TEMPLATE);
assert.ok(Math.abs(a - 1) + Math.abs(b) < 1e-9);
// The thread is a file of its own, and the networks come out of another package.
const detector = await humanDetector({ threads: 1 });
const data = new Uint8Array(32 * 24 * 3);
assert.deepEqual(await detector.detect({ width: 32, height: 24, channels: 3, data }), []);
await detector.close();
