import {
  dualOps,
  fixed,
  type HeadInput,
  type HeadOutput,
  initialState,
  logitScale,
  type MarginLoss,
  numberOps,
  type SampleValues,
  variable,
} from '@cf/core';
import {
  type DensePoints,
  denseLogits,
  frozenBatch,
  meanRegulariser,
  negativeLogLikelihood,
  targetPoint,
} from './dense-head.ts';

/** What a head gives, diagnostics aside. */
export type DenseOutput = Pick<
  HeadOutput,
  'loss' | 'losses' | 'regulariser' | 'gradEmbeddings' | 'gradWeights' | 'gradBias' | 'state'
>;

/**
 * A step by brute force in float64: full matrices, the textbook chain rule. Slopes of formulas are those that dual
 * numbers carry along, not those that the formulas state (but for straight-through ones, which are a statement).
 */
export function denseStep(loss: MarginLoss, input: HeadInput): DenseOutput {
  const { labels, dim, mode = 'train' } = input;
  const batch = labels.length;
  const frozen = frozenBatch(loss, input);
  const { points, samples, pivots, sampleWeights } = frozen;
  const logits = denseLogits(loss, frozen, labels);
  const nll = negativeLogLikelihood(logits, labels);
  const reduced = frozen.reduce(nll);
  const regulariser = meanRegulariser(loss, points.norms, sampleWeights);

  const gradEmbeddings = new Float64Array(batch * dim);
  const gradWeights = new Float64Array(input.weights.length);
  const gradBias = new Float64Array(points.w.length);
  for (let i = 0; i < batch; i++) {
    const label = labels[i]!;
    const sample = Object.fromEntries(Object.entries(samples[i]!).map(([name, v]) => [name, fixed(v)]));
    const scale = logitScale(numberOps, loss, points.norms[i]!);
    const target = targetSlopes(loss, points, i, label, sample);
    const logSumExp = logits[i]![label]! + nll[i]!;
    let alongNorm = regulariserSlope(loss, points.norms[i]!) * (sampleWeights[i]! / batch);
    logits[i]!.forEach((logit, j) => {
      const own = j === label;
      const gradient = reduced.dNll[i]! * (own ? Math.expm1(-nll[i]!) : Math.exp(logit - logSumExp));
      const cos = points.cosines[i]![j]!;
      const negative = loss.negative(dualOps, variable(cos), fixed(pivots[i]!), sample).value;
      const slope = scale * gradient * (own ? target.dCos : negative.slope);
      if (own) alongNorm += scale * gradient * target.dNorm;
      if (loss.geometry === 'norm-scaled') alongNorm += gradient * (logit / scale);
      const [dX, dW] = cosineGradients(loss, points, i, j);
      for (let k = 0; k < dim; k++) {
        gradEmbeddings[i * dim + k]! += slope * dX[k]!;
        gradWeights[j * dim + k]! += slope * dW[k]!;
      }
      gradBias[j]! += slope;
    });
    for (let k = 0; k < dim; k++)
      gradEmbeddings[i * dim + k]! += (alongNorm * points.x[i]![k]!) / points.norms[i]!;
  }
  const { values } = input.state ?? initialState(loss);
  const moved = Object.entries({ ...frozen.next, ...reduced.next }).map(([name, value]) => [name, value[0]!]);
  return {
    loss: reduced.loss[0]! + regulariser,
    losses: reduced.losses,
    regulariser,
    gradEmbeddings,
    gradWeights,
    gradBias: loss.bias ? gradBias : undefined,
    state: {
      loss: loss.name,
      values: { step: values.step! + (mode === 'train' ? 1 : 0), ...Object.fromEntries(moved) },
    },
  };
}

/** ∂T/∂cos θ, along which the sine goes by −cos/sin, and ∂T/∂‖x‖. */
function targetSlopes(
  loss: MarginLoss,
  points: DensePoints,
  i: number,
  label: number,
  sample: SampleValues<ReturnType<typeof fixed>>,
): { readonly dCos: number; readonly dNorm: number } {
  const { cos, sin, norm } = targetPoint(points, i, label);
  const sinAlong = loss.geometry === 'inner' ? fixed(0) : { value: sin, slope: -cos / sin };
  const alongCos = loss.target(dualOps, { cos: variable(cos), sin: sinAlong, norm: fixed(norm) }, sample);
  const alongNorm = loss.target(dualOps, { cos: fixed(cos), sin: fixed(sin), norm: variable(norm) }, sample);
  return {
    dCos: loss.gradient === 'exact' ? alongCos.value.slope : 1,
    dNorm: alongNorm.value.slope,
  };
}

function regulariserSlope({ regulariser }: MarginLoss, norm: number): number {
  return regulariser === undefined ? 0 : regulariser(dualOps, variable(norm)).value.slope;
}

/** ∂cos θ_ij/∂x_i and ∂cos θ_ij/∂w_j; w and x with inner products. */
function cosineGradients(
  { geometry }: MarginLoss,
  { x, w, cosines, norms }: DensePoints,
  i: number,
  j: number,
): readonly [readonly number[], readonly number[]] {
  if (geometry === 'inner') return [w[j]!, x[i]!];
  const [ofX, ofW] = [norms[i]!, Math.hypot(...w[j]!)];
  const along = (a: readonly number[], normA: number, b: readonly number[], normB: number): number[] =>
    a.map((value, k) => (b[k]! / normB - (cosines[i]![j]! * value) / normA) / normA);
  return [along(x[i]!, ofX, w[j]!, ofW), along(w[j]!, ofW, x[i]!, ofX)];
}
