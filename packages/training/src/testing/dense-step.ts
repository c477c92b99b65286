import {
  batchOps,
  logitScale,
  type MarginLoss,
  type NegativeSum,
  numberOps,
  type SampleValues,
  sampleAt,
  scalarsOf,
  type TargetPoint,
  type TargetValue,
} from '@cf/core';

/** A matrix, row by row. */
export type Rows = readonly (readonly number[])[];

/** One batch, as the dense head takes it. */
export interface DenseInput {
  readonly embeddings: Rows;
  /** Row c·K + k is sub-center k of class c. */
  readonly centers: Rows;
  readonly subCenters: number;
  /** One a class, or one for all. */
  readonly bias: readonly number[] | undefined;
  readonly labels: readonly number[];
  readonly sampleKeys: readonly number[];
  /** Of each sample's loss. */
  readonly sampleWeights: readonly number[];
  /** Training steps before this one. */
  readonly step: number;
  /** What the loss carries. */
  readonly values: Readonly<Record<string, number>>;
}

/** What the dense head gives. */
export interface DenseOutput {
  readonly loss: number;
  readonly gradEmbeddings: Rows;
  readonly gradCenters: Rows;
  readonly gradBias: readonly number[];
  readonly values: Readonly<Record<string, number>>;
}

/** One class, as a sample sees it. */
interface Seen {
  /** Cosine with the nearest of the class's centers; x·w + b with the geometry `inner`. */
  readonly cos: number;
  /** That center's row. */
  readonly row: number;
}

/** A logit, with what its gradient goes through. */
interface Logit extends Seen {
  readonly logit: number;
  /** ∂logit/∂cos, ∂logit/∂‖x‖, ∂logit/∂b. */
  readonly dCos: number;
  readonly dNorm: number;
  readonly dBias: number;
}

/**
 * The head by the textbook, in float64: all B × C logits, their loss, its slope by each, and the chain rule through the
 * cosines. The formulas of the loss are read as numbers; nothing else is shared with the backends.
 */
export function denseStep(loss: MarginLoss, input: DenseInput): DenseOutput {
  const { embeddings, centers, subCenters, bias, labels, values } = input;
  const batch = embeddings.length;
  const classes = centers.length / subCenters;
  const inner = loss.geometry === 'inner';
  const norms = embeddings.map((x) => Math.hypot(...x));
  const lengths = centers.map((w) => Math.hypot(...w));
  const biasOf = (j: number): number =>
    bias === undefined ? 0 : bias[loss.bias!.of === 'each class' ? j : 0]!;
  const seen = embeddings.map((x, i) => {
    const all = centers.map((w, r) => dot(x, w) / (inner ? 1 : norms[i]! * lengths[r]!));
    return Array.from({ length: classes }, (_, j): Seen => {
      const own = all.slice(j * subCenters, (j + 1) * subCenters);
      const largest = Math.max(...own);
      return { cos: largest + (inner ? biasOf(j) : 0), row: j * subCenters + own.indexOf(largest) };
    });
  });
  const ofClass = Object.entries(loss.classValues).map(([name, table]) => [
    name,
    Float64Array.from(labels, (label) => table[label]!),
  ]);
  const prepared = loss.prepare(
    batchOps,
    {
      cosTarget: Float64Array.from(labels, (label, i) => seen[i]![label]!.cos),
      norm: Float64Array.from(norms),
      draws: loss.draws?.(input.step, input.sampleKeys),
      classes: Float64Array.of(classes),
      labels: Float64Array.from(labels),
      ofClass: Object.fromEntries(ofClass),
      surveyed: surveyOf(loss, input, seen),
    },
    scalarsOf(values),
    'train',
  );
  const rows = seen.map((row, i) => {
    const scale = logitScale(
      numberOps,
      loss,
      norms[i]!,
      prepared.scale && sampleAt({ scale: prepared.scale }, i).scale,
    );
    const own = { ...sampleAt(prepared.sampleValues, i) };
    const { cos } = row[labels[i]!]!;
    const point = { cos, sin: Math.sqrt(Math.max(0, 1 - cos * cos)), norm: norms[i]! };
    const others = row.filter((_, j) => j !== labels[i]);
    const target = targetOf(loss, point, own, others);
    return row.map((at, j): Logit => {
      const isOwn = j === labels[i];
      const { value, dCos } = isOwn ? target : loss.negative(numberOps, at.cos, target.pivot, own);
      const dNorm = (isOwn ? scale * target.dNorm : 0) + (loss.geometry === 'norm-scaled' ? value : 0);
      const sign = loss.objective.kind === 'binary' ? loss.objective.biasSign : 0;
      const dBias = inner ? scale * dCos : sign;
      return { ...at, logit: scale * value + sign * biasOf(j), dCos: scale * dCos, dNorm, dBias };
    });
  });
  const samples = rows.map((row, i) => lossOf(loss, row, labels[i]!));
  const nll = Float64Array.from(samples, (sample) => sample.loss);
  const sampleWeights = Float64Array.from(input.sampleWeights, (weight) => loss.lossWeight * weight);
  const reduced = loss.weighting.reduce(batchOps, { nll, sampleWeights }, scalarsOf(values), 'train');

  const gradEmbeddings = zeros(embeddings);
  const gradCenters = zeros(centers);
  const gradBias = (bias ?? []).map(() => 0);
  let extra = 0;
  for (const [i, x] of embeddings.entries()) {
    let radial = 0;
    for (const [j, { cos, row, dCos, dNorm, dBias }] of rows[i]!.entries()) {
      const w = centers[row]!;
      const g = reduced.dNll[i]! * samples[i]!.slopes[j]!;
      radial += g * dNorm;
      if (bias !== undefined) gradBias[loss.bias!.of === 'each class' ? j : 0]! += g * dBias;
      for (const k of x.keys()) {
        const [a, b] = inner ? [x[k]!, w[k]!] : [x[k]! / norms[i]!, w[k]! / lengths[row]!];
        gradEmbeddings[i]![k]! += g * dCos * (inner ? b : (b - cos * a) / norms[i]!);
        gradCenters[row]![k]! += g * dCos * (inner ? a : (a - cos * b) / lengths[row]!);
      }
    }
    const regulariser = loss.regulariser?.(numberOps, norms[i]!);
    extra += (input.sampleWeights[i]! * (regulariser?.value ?? 0)) / batch;
    radial += (input.sampleWeights[i]! * (regulariser?.dNorm ?? 0)) / batch;
    for (const k of x.keys()) gradEmbeddings[i]![k]! += (radial * x[k]!) / norms[i]!;
  }
  const next = { ...prepared.next, ...reduced.next };
  return {
    loss: reduced.loss[0]! + extra,
    gradEmbeddings,
    gradCenters,
    gradBias,
    values: { ...sampleAt(next, 0), step: input.step + 1 },
  };
}

/** Σ_{j≠y} e^{s'·cos θ_j} for the losses that ask for it before anything else. */
function surveyOf(
  { surveyScale }: MarginLoss,
  { labels, values }: DenseInput,
  seen: readonly (readonly Seen[])[],
): NegativeSum<Float64Array> | undefined {
  if (surveyScale === undefined) return undefined;
  const scale = surveyScale(numberOps, values, seen[0]!.length);
  const sum = seen.map((row, i) =>
    row.reduce((total, { cos }, j) => total + (j === labels[i] ? 0 : Math.exp(scale * cos)), 0),
  );
  return { max: new Float64Array(labels.length), sum: Float64Array.from(sum) };
}

/** T, where the loss needs sums over the negatives for it as well. */
function targetOf(
  loss: MarginLoss,
  point: TargetPoint<number>,
  own: SampleValues<number>,
  others: readonly Seen[],
): TargetValue<number, boolean> {
  const first = loss.target(numberOps, point, {
    ...own,
    ...loss.negativeSums?.sampleValues(numberOps, sumsOf(loss, 0, own, [])),
  });
  if (loss.negativeSums === undefined) return first;
  const sums = sumsOf(loss, first.pivot, own, others);
  return loss.target(numberOps, point, { ...own, ...loss.negativeSums.sampleValues(numberOps, sums) });
}

function sumsOf(
  { negativeSums }: MarginLoss,
  pivot: number,
  own: SampleValues<number>,
  others: readonly Seen[],
): Record<string, number> {
  const sums = Object.fromEntries((negativeSums?.names ?? []).map((name) => [name, 0]));
  for (const { cos } of others) {
    const terms = negativeSums!.terms(numberOps, cos, pivot, own);
    for (const name of Object.keys(sums)) sums[name]! += terms[name]!;
  }
  return sums;
}

/** ℓ of a sample and ∂ℓ/∂z_j: by softmax with labels that may be smoothed, or class by class. */
function lossOf({ objective }: MarginLoss, row: readonly Logit[], label: number): Sample {
  const classes = row.length;
  if (objective.kind === 'softmax') {
    const sum = row.reduce((total, { logit }) => total + Math.exp(logit), 0);
    const logs = row.map(({ logit }) => logit - Math.log(sum));
    const { labelSmoothing: epsilon } = objective;
    const wanted = row.map((_, j) => epsilon / classes + (j === label ? 1 - epsilon : 0));
    return {
      loss: -logs.reduce((total, log, j) => total + wanted[j]! * log, 0),
      slopes: logs.map((log, j) => Math.exp(log) - wanted[j]!),
    };
  }
  const pairs = row.map(({ logit }) => objective.ofNegative(numberOps, logit));
  const negatives = pairs.reduce((total, { loss }, j) => total + (j === label ? 0 : loss), 0);
  const own = objective.ofSample(numberOps, {
    targetLogit: row[label]!.logit,
    negatives: { max: 0, sum: 0 },
    sums: { loss: negatives },
    logitScale: 1,
    classes,
  });
  return { loss: own.nll, slopes: pairs.map(({ dLogit }, j) => (j === label ? own.dTarget : dLogit)) };
}

interface Sample {
  readonly loss: number;
  readonly slopes: readonly number[];
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, k) => sum + value * b[k]!, 0);
}

function zeros(rows: Rows): number[][] {
  return rows.map((row) => row.map(() => 0));
}
