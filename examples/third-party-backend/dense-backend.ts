import {
  addTargetGradients,
  type Backend,
  checkInput,
  HardNegativeCounter,
  type Head,
  type HeadInput,
  type HeadOptions,
  type HeadOutput,
  headDiagnostics,
  type MarginLoss,
  marginDraws,
  meanOf,
  numberOps,
  plainRows,
  prepareBatch,
  reduceBatch,
  targetPoints,
  type UnitRows,
  unitRows,
} from '@cf/core';

/**
 * The plainest backend that obeys the laws: float64, loops over all pairs, the B × C matrix in memory. What is O(B·d) it
 * leaves to core; what is O(C), the part worth writing for a device, it does itself.
 */
export function denseBackend(): Backend {
  return {
    name: 'dense',
    precision: 'float64',
    createHead: async (loss, options = {}) => denseHead(loss, options),
    dispose: async () => {},
  };
}

function denseHead(loss: MarginLoss, options: HeadOptions): Head {
  return { loss, step: async (input) => step(loss, input, options), dispose: () => {} };
}

function step(
  loss: MarginLoss,
  input: HeadInput,
  { checkFinite = true, inspect = false }: HeadOptions,
): HeadOutput {
  const { batch, classes, dim, labels, sampleWeights, sampleKeys, state, mode } = checkInput(
    loss,
    input,
    checkFinite,
  );
  const rowsOf = loss.geometry === 'inner' ? plainRows : unitRows;
  const x = rowsOf(input.embeddings, dim, 0, batch);
  const w = rowsOf(input.weights, dim, 0, classes);

  // O(B·d): the target cosines, t and other statistics, the target logits.
  const points = targetPoints(loss, x, input.weights, input.bias, labels);
  const draws = marginDraws(loss, state, mode, sampleKeys, input.draws);
  const prepared = prepareBatch(loss, points.cos, points.sin, x.norms, draws, state, mode);

  // Pass 1: the negatives' logits, and the log-sum-exp over them.
  const counter = new HardNegativeCounter();
  const cosines = new Float64Array(batch * classes);
  const logits = new Float64Array(batch * classes);
  const max = new Float64Array(batch).fill(Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(batch);
  for (let i = 0; i < batch; i++) {
    for (let j = 0; j < classes; j++) {
      if (j === labels[i]) continue;
      const at = i * classes + j;
      const product = dot(x, i, w, j) + (input.bias?.[j] ?? 0);
      cosines[at] = loss.geometry === 'inner' ? product : Math.max(-1, Math.min(1, product));
      const negative = loss.negative(numberOps, cosines[at]!, prepared.pivot[i]!, prepared.sampleValues[i]!);
      counter.see(cosines[at]!, prepared.pivot[i]!, negative);
      logits[at] = prepared.logitScale[i]! * negative.value;
      max[i] = Math.max(max[i]!, logits[at]!);
    }
    for (let j = 0; j < classes; j++)
      if (j !== labels[i]) sum[i]! += Math.exp(logits[i * classes + j]! - max[i]!);
  }
  const reduced = reduceBatch(loss, prepared, { max, sum }, x.norms, sampleWeights, state, mode);

  // Pass 2: g_ij = dNll_i·p_ij, through N′ to the cosines, through the tangents to X and W.
  const gradLogits = new Float64Array(batch * classes);
  const gradEmbeddings = new Float64Array(batch * dim);
  const gradWeights = new Float64Array(classes * dim);
  const gradBias = loss.bias ? new Float64Array(classes) : undefined;
  for (let i = 0; i < batch; i++) {
    for (let j = 0; j < classes; j++) {
      if (j === labels[i]) continue;
      const at = i * classes + j;
      const negative = loss.negative(numberOps, cosines[at]!, prepared.pivot[i]!, prepared.sampleValues[i]!);
      const gradient = reduced.dNll[i]! * Math.exp(logits[at]! - reduced.logSumExp[i]!);
      const slope = prepared.logitScale[i]! * gradient * negative.dCos;
      const inner = loss.geometry === 'inner' ? 0 : cosines[at]!;
      const radial = loss.geometry === 'norm-scaled' ? gradient * negative.value : 0;
      for (let k = 0; k < dim; k++) {
        const [a, b] = [x.unit[i * dim + k]!, w.unit[j * dim + k]!];
        gradEmbeddings[i * dim + k]! += slope * (b - inner * a) * x.inverse[i]! + radial * a;
        gradWeights[j * dim + k]! += slope * (a - inner * b) * w.inverse[j]!;
      }
      if (gradBias !== undefined) gradBias[j]! += gradient;
      gradLogits[at] = gradient;
    }
  }
  const sums = { embeddings: gradEmbeddings, weights: gradWeights, bias: gradBias };
  addTargetGradients(loss, x, points, prepared, reduced, labels, sums, (sample, label, logit, gradient) => {
    logits[sample * classes + label] = logit;
    gradLogits[sample * classes + label] = gradient;
  });
  return {
    loss: reduced.loss,
    losses: reduced.losses,
    regulariser: reduced.regulariser,
    gradEmbeddings,
    gradWeights,
    gradBias,
    state: reduced.state,
    diagnostics: headDiagnostics(loss, {
      batch,
      classes,
      negatives: counter,
      meanTargetCosine: meanOf(points.cos),
      pastPiShare: meanOf(prepared.pastPi),
      t: reduced.state.values.t,
    }),
    inspection: inspect ? { logits, gradLogits } : undefined,
  };
}

function dot(x: UnitRows, i: number, w: UnitRows, j: number): number {
  let product = 0;
  for (let k = 0; k < x.dim; k++) product += x.unit[i * x.dim + k]! * w.unit[j * x.dim + k]!;
  return product;
}
