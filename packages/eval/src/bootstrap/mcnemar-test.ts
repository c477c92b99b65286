import { requireInteger } from '@cf/core';

/** What {@link mcnemarTest} finds. */
export interface McnemarTest {
  /** Pairs that the first model alone decided rightly. */
  readonly onlyFirst: number;
  /** Pairs that the second model alone decided rightly. */
  readonly onlySecond: number;
  /** Two-sided, exact. */
  readonly pValue: number;
}

/**
 * McNemar's exact test of two models on the same pairs: of the pairs that one of them decided rightly, is it either model
 * as often? Two-sided, from the binomial distribution with probability ½ (McNemar 1947; for classifiers Dietterich 1998).
 *
 * It takes pairs as independent, which pairs that share people are not; the bootstrap over identities does not.
 *
 * @param onlyFirst - pairs that the first model alone decided rightly: an integer ≥ 0.
 * @param onlySecond - pairs that the second model alone decided rightly: an integer ≥ 0.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) for other numbers.
 */
export function mcnemarTest(onlyFirst: number, onlySecond: number): McnemarTest {
  requireInteger('onlyFirst', onlyFirst, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('onlySecond', onlySecond, 0, Number.MAX_SAFE_INTEGER);
  const all = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  return { onlyFirst, onlySecond, pValue: Math.min(1, 2 * lowerTail(all, fewer)) };
}

/** P(X ≤ k) of X ~ Binomial(n, ½), k ≤ n/2. */
function lowerTail(n: number, k: number): number {
  // From the largest term down: each is the one before times i / (n − i + 1).
  let term = 1;
  let sum = 1;
  for (let i = k; i > 0 && term > sum * Number.EPSILON; i--) {
    term *= i / (n - i + 1);
    sum += term;
  }
  return sum * Math.exp(logChoose(n, k) - n * Math.LN2);
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** ln n!, by Stirling's series from 32 on, where its error is below 1e-16. */
function logFactorial(n: number): number {
  if (n < 32) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const inverse = 1 / n;
  const series = inverse / 12 - inverse ** 3 / 360 + inverse ** 5 / 1260 - inverse ** 7 / 1680;
  return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + series;
}
