import type { Similarities, SimilarityLoss } from './similarity-loss.ts';

/**
 * Multi-Similarity (Wang et al., CVPR 2019, eq. 15), over all pairs: for each sample
 *
 *     (1/α)·log(1 + Σ₊ exp(−α·(cos − λ))) + (1/β)·log(1 + Σ₋ exp(β·(cos − λ))),
 *
 * its mean over the batch.
 */
export function multiSimilarity({ alpha = 2, beta = 50, base = 0.5 } = {}): SimilarityLoss {
  return (similarities) => {
    const { rows, columns } = similarities;
    const share = 1 / rows;
    const sum = new Sum(similarities);
    for (let i = 0; i < rows; i++) {
      const others = Array.from({ length: columns }, (_, j) => [i, j] as const);
      sum.add(others, true, -alpha, base, share / alpha);
      sum.add(others, false, beta, base, share / beta);
    }
    return sum;
  };
}

/**
 * Proxy-Anchor (Kim et al., CVPR 2020, eq. 4): for each proxy log(1 + Σ₊ exp(−α·(cos − δ))), its mean over the classes of the
 * batch, and log(1 + Σ₋ exp(α·(cos + δ))), its mean over all classes.
 */
export function proxyAnchor({ alpha = 32, delta = 0.1 } = {}): SimilarityLoss {
  return (similarities) => {
    const { rows, columns, same } = similarities;
    const batch = Array.from({ length: rows }, (_, i) => i);
    const present = Array.from({ length: columns }, (_, c) => batch.some((i) => same(i, c) === true));
    const sum = new Sum(similarities);
    for (let c = 0; c < columns; c++) {
      const samples = batch.map((i) => [i, c] as const);
      sum.add(samples, true, -alpha, delta, 1 / present.filter(Boolean).length);
      sum.add(samples, false, alpha, -delta, 1 / columns);
    }
    return sum;
  };
}

/** A sum of w·log(1 + Σ exp(f·(cos − offset))) over sets of pairs, with its slopes: softmax beside a logit of 0. */
class Sum {
  readonly slopes: Float64Array;
  loss = 0;
  readonly #of: Similarities;

  constructor(similarities: Similarities) {
    this.#of = similarities;
    this.slopes = new Float64Array(similarities.cosines.length);
  }

  add(
    pairs: readonly (readonly [number, number])[],
    positive: boolean,
    factor: number,
    offset: number,
    weight: number,
  ): void {
    const { cosines, columns, same } = this.#of;
    const chosen = pairs.filter(([i, j]) => same(i, j) === positive).map(([i, j]) => i * columns + j);
    const logits = chosen.map((at) => factor * (cosines[at]! - offset));
    // Taken out of the exponentials, so that none is above 1.
    const largest = Math.max(0, ...logits);
    const exponentials = logits.map((logit) => Math.exp(logit - largest));
    const total = exponentials.reduce((sum, e) => sum + e, Math.exp(-largest));
    this.loss += weight * (largest + Math.log(total));
    for (const [k, at] of chosen.entries()) this.slopes[at]! += (weight * factor * exponentials[k]!) / total;
  }
}
