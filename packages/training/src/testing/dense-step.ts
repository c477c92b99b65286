import { batchOps, logitScale, type MarginLoss, numberOps, sampleAt, scalarsOf } from '@cf/core';

/** A matrix, row by row. */
export type Rows = readonly (readonly number[])[];

/** One batch, as the dense head takes it. */
export interface DenseInput {
  readonly embeddings: Rows;
  readonly centers: Rows;
  readonly bias: readonly number[] | undefined;
  readonly labels: readonly number[];
  readonly sampleKeys: readonly number[];
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

/**
 * The head by the textbook, in float64: all B × C logits, softmax, p − y, and the chain rule through the cosines. The
 * formulas of the loss are read as numbers; nothing else is shared with the backends.
 */
export function denseStep(loss: MarginLoss, input: DenseInput): DenseOutput {
  const { embeddings, centers, bias, labels, values } = input;
  const batch = embeddings.length;
  const inner = loss.geometry === 'inner';
  const norms = embeddings.map((x) => Math.hypot(...x));
  const lengths = centers.map((w) => Math.hypot(...w));
  const cosines = embeddings.map((x, i) =>
    centers.map((w, j) => (inner ? dot(x, w) + (bias?.[j] ?? 0) : dot(x, w) / (norms[i]! * lengths[j]!))),
  );
  const prepared = loss.prepare(
    batchOps,
    {
      cosTarget: Float64Array.from(labels, (label, i) => cosines[i]![label]!),
      norm: Float64Array.from(norms),
      draws: loss.draws?.(input.step, input.sampleKeys),
    },
    scalarsOf(values),
    'train',
  );
  const rows = cosines.map((row, i) => {
    const sample = sampleAt(prepared.sampleValues, i);
    const scale = logitScale(numberOps, loss, norms[i]!);
    const cos = row[labels[i]!]!;
    const point = { cos, sin: Math.sqrt(Math.max(0, 1 - cos * cos)), norm: norms[i]! };
    const target = loss.target(numberOps, point, sample);
    return row.map((c, j) => {
      const own = j === labels[i];
      const { value, dCos } = own ? target : loss.negative(numberOps, c, target.pivot, sample);
      const dNorm = (own ? scale * target.dNorm : 0) + (loss.geometry === 'norm-scaled' ? value : 0);
      return { logit: scale * value, dCos: scale * dCos, dNorm };
    });
  });
  const sums = rows.map((row) => row.reduce((sum, { logit }) => sum + Math.exp(logit), 0));
  const nll = Float64Array.from(rows, (row, i) => Math.log(sums[i]!) - row[labels[i]!]!.logit);
  const sampleWeights = new Float64Array(batch).fill(1);
  const reduced = loss.weighting.reduce(batchOps, { nll, sampleWeights }, scalarsOf(values), 'train');

  const gradEmbeddings = zeros(embeddings);
  const gradCenters = zeros(centers);
  const gradBias = centers.map(() => 0);
  let extra = 0;
  for (const [i, x] of embeddings.entries()) {
    let radial = 0;
    for (const [j, w] of centers.entries()) {
      const { logit, dCos, dNorm } = rows[i]![j]!;
      const g = reduced.dNll[i]! * (Math.exp(logit) / sums[i]! - (j === labels[i] ? 1 : 0));
      radial += g * dNorm;
      gradBias[j]! += g * dCos;
      for (const k of x.keys()) {
        const [a, b] = inner ? [x[k]!, w[k]!] : [x[k]! / norms[i]!, w[k]! / lengths[j]!];
        const c = cosines[i]![j]!;
        gradEmbeddings[i]![k]! += g * dCos * (inner ? b : (b - c * a) / norms[i]!);
        gradCenters[j]![k]! += g * dCos * (inner ? a : (a - c * b) / lengths[j]!);
      }
    }
    const regulariser = loss.regulariser?.(numberOps, norms[i]!);
    extra += (regulariser?.value ?? 0) / batch;
    radial += (regulariser?.dNorm ?? 0) / batch;
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

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, k) => sum + value * b[k]!, 0);
}

function zeros(rows: Rows): number[][] {
  return rows.map((row) => row.map(() => 0));
}
