import assert from 'node:assert/strict';
import { syntheticFaces } from '@cf/data/node';
import { verify } from '@cf/eval';
import { rocChart } from '@cf/eval/charts';

const image = await syntheticFaces({ seed: 1, identities: 2, imagesPerIdentity: 2 }).image(1, 0);
assert.equal(image.data.length, 112 * 112 * 3);
const report = verify({ scores: [0.9, 0.8, 0.3, 0.1], same: [true, true, false, false] });
assert.equal(report.auc, 1);
assert.match(await rocChart({ title: 'ROC', series: [{ name: 'model', roc: report.roc }] }), /^<svg/);
