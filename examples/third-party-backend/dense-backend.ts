import {
  type Backend,
  type BatchContext,
  biasSlope,
  binaryTerms,
  type ClassGradients,
  type ClassPasses,
  emptyLogSumExp,
  HardNegativeCounter,
  headStep,
  type NegativesSeen,
  negativeSumNames,
  negativeTerms,
  numberOps,
  plainRows,
  runSteps,
  type UnitRows,
  unitRows,
} from '@cf/core';

/**
 * The plainest backend that obeys the laws: float64, loops over all pairs, the B × C matrix in memory. What is O(B·d), and
 * the order of the phases, is core's; a backend is two passes over the classes.
 */
export function denseBackend(): Backend {
  return {
    name: 'dense',
    precision: 'float64',
    sharded: true,
    createHead: async (loss, options = {}) => ({
      loss,
      subCenters: options.subCenters ?? 1,
      step: (input) =>
        runSteps(headStep({ loss, input, options, precision: 'float64', passes: densePasses })),
      dispose() {},
    }),
    dispose: async () => {},
  };
}

function densePasses(batch: BatchContext): ClassPasses {
  const pairs = allPairs(batch);
  return {
    negatives: () => statistics(batch, pairs),
    gradients: ({ dNll, logSumExp }) =>
      gradients(
        batch,
        pairs,
        ({ i, logit }) => dNll[i]! * (Math.exp(logit - logSumExp[i]!) - batch.uniformShare),
      ),
    pairs: (dNll) => ({
      ...statistics(batch, pairs),
      gradients: dNll && gradients(batch, pairs, ({ i, dLogit }) => dNll[i]! * dLogit),
    }),
  };
}

/** A sample and a class that is not its own. */
interface Pair {
  readonly i: number;
  readonly j: number;
  /** The row of W that is nearest of the class's. */
  readonly row: number;
  readonly cos: number;
  /** N, and its slope. */
  readonly value: number;
  readonly dCos: number;
  readonly logit: number;
  /** ∂ℓ/∂logit of a binary objective. */
  readonly dLogit: number;
  /** What it adds to the sums that the loss asks for. */
  readonly sums: Readonly<Record<string, number>>;
}

function allPairs(batch: BatchContext): Pair[] {
  const { loss, classes, dim, labels, x, bias, subCenters } = batch;
  const { unit } = centersOf(batch);
  const pairs: Pair[] = [];
  for (let i = 0; i < x.count; i++) {
    for (let j = 0; j < classes; j++) {
      if (j === labels[i]) continue;
      let [row, product] = [0, Number.NEGATIVE_INFINITY];
      for (let r = j * subCenters; r < (j + 1) * subCenters; r++) {
        let sum = 0;
        for (let k = 0; k < dim; k++) sum += x.unit[i * dim + k]! * unit[r * dim + k]!;
        if (sum > product) [row, product] = [r, sum];
      }
      const cos = loss.geometry === 'inner' ? product + (bias?.[j] ?? 0) : Math.max(-1, Math.min(1, product));
      pairs.push({ i, j, row, cos, ...termsOf(batch, i, cos, bias?.[j]) });
    }
  }
  return pairs;
}

function centersOf({ loss, weights, dim }: BatchContext): UnitRows {
  return (loss.geometry === 'inner' ? plainRows : unitRows)(weights, dim, 0, weights.length / dim);
}

/** All that the loss has to say of a pair: what `Pair` holds beside where it is. */
function termsOf(
  { loss, prepared }: BatchContext,
  i: number,
  cos: number,
  bias: number | undefined,
): Omit<Pair, 'i' | 'j' | 'row' | 'cos'> {
  const [scale, pivot, sample] = [prepared.logitScale[i]!, prepared.pivot[i]!, prepared.sampleValues[i]!];
  const negative = negativeTerms(numberOps, loss, cos, pivot, sample);
  if (loss.objective.kind === 'softmax') return { ...negative, logit: scale * negative.value, dLogit: 0 };
  const pair = binaryTerms(numberOps, loss.objective, negative, scale, bias);
  return { ...pair, sums: { loss: pair.loss } };
}

/** Over the negatives: the log-sum-exp of a softmax, the sums that the loss asks for, and what diagnostics count. */
function statistics({ loss, batch, prepared }: BatchContext, pairs: readonly Pair[]): NegativesSeen {
  const counts = new HardNegativeCounter(loss);
  const { max, sum } = emptyLogSumExp(batch);
  const sums = Object.fromEntries(negativeSumNames(loss).map((name) => [name, new Float64Array(batch)]));
  for (const pair of pairs) {
    counts.see(pair.cos, prepared.pivot[pair.i]!, prepared.sampleValues[pair.i]!, pair);
    for (const [name, of] of Object.entries(sums)) of[pair.i]! += pair.sums[name]!;
    max[pair.i] = Math.max(max[pair.i]!, pair.logit);
  }
  for (const { i, logit } of pairs) sum[i]! += Math.exp(logit - max[i]!);
  return { logSumExp: { max, sum }, sums, counts };
}

/** ∂loss/∂logit of every pair, through N′ to the cosines, through the tangents to X and W. */
function gradients(
  context: BatchContext,
  pairs: readonly Pair[],
  gradientOf: (pair: Pair) => number,
): ClassGradients {
  const { loss, batch, classes, dim, x, prepared } = context;
  const w = centersOf(context);
  const embeddings = new Float64Array(batch * dim);
  const weights = new Float64Array(context.weights.length);
  const bias = loss.bias ? new Float64Array(classes) : undefined;
  const inspection = {
    logits: new Float64Array(batch * classes),
    gradLogits: new Float64Array(batch * classes),
  };
  for (const pair of pairs) {
    const { i, j, row, cos, value, dCos, logit } = pair;
    const gradient = gradientOf(pair);
    const slope = prepared.logitScale[i]! * gradient * dCos;
    const along = loss.geometry === 'inner' ? 0 : cos;
    const radial = loss.geometry === 'norm-scaled' ? gradient * value : 0;
    for (let k = 0; k < dim; k++) {
      const [a, b] = [x.unit[i * dim + k]!, w.unit[row * dim + k]!];
      embeddings[i * dim + k]! += slope * (b - along * a) * x.inverse[i]! + radial * a;
      weights[row * dim + k]! += slope * (a - along * b) * w.inverse[row]!;
    }
    if (bias !== undefined) bias[j]! += biasSlope(numberOps, loss.objective, { gradient, slope });
    inspection.logits[i * classes + j] = logit;
    inspection.gradLogits[i * classes + j] = gradient;
  }
  return { embeddings, weights, bias, inspection };
}
