import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '@cf/core';
import { multiSimilarity, proxyAnchor } from './losses.ts';
import { pairLoss, proxyLoss } from './similarity-loss.ts';
import { train } from './train.ts';

const random = createRandom(1);
const drawn = (count: number): Float64Array => Float64Array.from({ length: count }, () => random.normal());
const labels = Int32Array.of(0, 1, 0, 2, 1, 0, 4);
const [embeddings, proxies] = [drawn(7 * 5), drawn(6 * 5)];

/** Compares a gradient with central differences of the loss. */
function isGradient(lossOf: (x: Float64Array) => number, x: Float64Array, gradient: Float32Array): void {
  const h = 1e-5;
  for (const [at, slope] of gradient.entries()) {
    const moved = (by: number): number => lossOf(x.map((value, i) => (i === at ? value + by : value)));
    assert.ok(Math.abs((moved(h) - moved(-h)) / (2 * h) - slope) < 1e-5, `entry ${at}`);
  }
}

for (const [name, loss] of Object.entries({
  multiSimilarity: multiSimilarity(),
  proxyAnchor: proxyAnchor(),
})) {
  test(`${name}: its gradients are those of its value, on pairs and on proxies`, () => {
    const pair = (x: Float64Array) => pairLoss(loss, x, labels);
    isGradient((x) => pair(x).loss, embeddings, pair(embeddings).gradEmbeddings);
    const ofBoth = (x: Float64Array, p: Float64Array) => proxyLoss(loss, x, labels, p, 6);
    const { gradEmbeddings, gradProxies } = ofBoth(embeddings, proxies);
    isGradient((x) => ofBoth(x, proxies).loss, embeddings, gradEmbeddings);
    isGradient((p) => ofBoth(embeddings, p).loss, proxies, gradProxies);
  });
}

for (const kind of ['pair', 'proxy'] as const) {
  test(`a ${kind} loss learns to find strangers`, { timeout: 600_000 }, async () => {
    const { before, after } = await train(kind, 6);
    assert.ok(after.mapAtR > before.mapAtR + 0.05, `MAP@R ${before.mapAtR} to ${after.mapAtR}`);
  });
}
