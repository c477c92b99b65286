import {
  type Backend,
  type BatchContext,
  type ClassGradients,
  type ClassPasses,
  HardNegativeCounter,
  headStep,
  type NegativesSeen,
  numberOps,
  plainRows,
  type ReducedBatch,
  runSteps,
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
    negatives: () => pass1(batch, pairs),
    gradients: (reduced) => pass2(batch, pairs, reduced),
  };
}

/** A sample and a class that is not its own. */
interface Pair {
  readonly i: number;
  readonly j: number;
  readonly cos: number;
  /** N, and its slope. */
  readonly value: number;
  readonly dCos: number;
  readonly logit: number;
}

function allPairs({ loss, batch, classes, dim, labels, x, weights, bias, prepared }: BatchContext): Pair[] {
  const { unit } = (loss.geometry === 'inner' ? plainRows : unitRows)(weights, dim, 0, classes);
  const pairs: Pair[] = [];
  for (let i = 0; i < batch; i++) {
    for (let j = 0; j < classes; j++) {
      if (j === labels[i]) continue;
      let product = bias?.[j] ?? 0;
      for (let k = 0; k < dim; k++) product += x.unit[i * dim + k]! * unit[j * dim + k]!;
      const cos = loss.geometry === 'inner' ? product : Math.max(-1, Math.min(1, product));
      const { value, dCos } = loss.negative(numberOps, cos, prepared.pivot[i]!, prepared.sampleValues[i]!);
      pairs.push({ i, j, cos, value, dCos, logit: prepared.logitScale[i]! * value });
    }
  }
  return pairs;
}

/** The log-sum-exp over the negatives, and what diagnostics count of them. */
function pass1({ batch, prepared }: BatchContext, pairs: readonly Pair[]): NegativesSeen {
  const counts = new HardNegativeCounter();
  const max = new Float64Array(batch).fill(Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(batch);
  for (const pair of pairs) {
    counts.see(pair.cos, prepared.pivot[pair.i]!, pair);
    max[pair.i] = Math.max(max[pair.i]!, pair.logit);
  }
  for (const { i, logit } of pairs) sum[i]! += Math.exp(logit - max[i]!);
  return { logSumExp: { max, sum }, counts };
}

/** g_ij = dNll_i·p_ij, through N′ to the cosines, through the tangents to X and W. */
function pass2(context: BatchContext, pairs: readonly Pair[], reduced: ReducedBatch): ClassGradients {
  const { loss, batch, classes, dim, x, prepared } = context;
  const w = (loss.geometry === 'inner' ? plainRows : unitRows)(context.weights, dim, 0, classes);
  const embeddings = new Float64Array(batch * dim);
  const weights = new Float64Array(classes * dim);
  const bias = loss.bias ? new Float64Array(classes) : undefined;
  const inspection = {
    logits: new Float64Array(batch * classes),
    gradLogits: new Float64Array(batch * classes),
  };
  for (const { i, j, cos, value, dCos, logit } of pairs) {
    const gradient = reduced.dNll[i]! * Math.exp(logit - reduced.logSumExp[i]!);
    const slope = prepared.logitScale[i]! * gradient * dCos;
    const along = loss.geometry === 'inner' ? 0 : cos;
    const radial = loss.geometry === 'norm-scaled' ? gradient * value : 0;
    for (let k = 0; k < dim; k++) {
      const [a, b] = [x.unit[i * dim + k]!, w.unit[j * dim + k]!];
      embeddings[i * dim + k]! += slope * (b - along * a) * x.inverse[i]! + radial * a;
      weights[j * dim + k]! += slope * (a - along * b) * w.inverse[j]!;
    }
    if (bias !== undefined) bias[j]! += slope;
    inspection.logits[i * classes + j] = logit;
    inspection.gradLogits[i * classes + j] = gradient;
  }
  return { embeddings, weights, bias, inspection };
}
