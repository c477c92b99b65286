import { uploadKernel } from './kernels/dense-kernels.ts';
import { FACTOR_COLUMNS } from './kernels/exponent-kernels.ts';
import { type KernelValue, release } from './kernels/kernel-set.ts';
import { matrixInput } from './matrix-input.ts';
import type { StepContext } from './step-context.ts';

/** Σ_j e^{z_ij} of each sample, its target included, growing on the device tile by tile. */
export class RunningSum {
  readonly #context: StepContext;
  /** [the largest logit so far, Σ e^{z − largest}]: [B, 2]. */
  #value: KernelValue;

  private constructor(context: StepContext, value: KernelValue) {
    this.#context = context;
    this.#value = value;
  }

  /** Starts with the targets, whose logits the host knows. */
  static async start(context: StepContext): Promise<RunningSum> {
    const { prepared, set, x } = context;
    const targets = matrix(x.count, 2, (i) => {
      const logit = prepared.targetLogit[i]!;
      const largest = Math.fround(logit);
      // What rounding takes from the logit goes into the sum: at a logit of 1000, float32 is off by up to 3e-5.
      return [largest, Math.exp(logit - largest)];
    });
    const rows = { rows: x.count, columns: 2 };
    return new RunningSum(context, await set.run(uploadKernel, rows, [matrixInput(targets, 2)]));
  }

  /** Lets a tile's chunks join: [chunks, B] each. */
  async add(chunks: number, largest: KernelValue, sums: KernelValue): Promise<void> {
    const { kernels, set, x } = this.#context;
    const sizes = { batch: x.count, chunks };
    const merged = await set.run(kernels.merge, sizes, [this.#value, largest, sums]);
    release(this.#value);
    this.#value = merged;
  }

  /** What the kernels of pass 2 take, on the device. @param dNll ∂loss/∂ℓ: [B]. */
  factors(dNll: Float64Array): Promise<KernelValue> {
    const { kernels, set, x, uniformShare } = this.#context;
    const slopes = matrix(x.count, 2, (i) => [dNll[i]!, dNll[i]! * uniformShare]);
    return set.run(kernels.factors, { batch: x.count }, [this.#value, matrixInput(slopes, 2)]);
  }

  dispose(): void {
    release(this.#value);
  }
}

/**
 * What the kernels of pass 2 take, from the host.
 *
 * dNll·e^{z − lse} = (dNll·e^{shift − lse})·e^{z − shift}: only the factor is rounded to float32, not lse.
 *
 * @param logSumExp undefined where no log-sum-exp joins the classes.
 */
export function uploadFactors(
  { set, uniformShare }: StepContext,
  dNll: Float64Array,
  logSumExp?: Float64Array,
): Promise<KernelValue> {
  const values = matrix(dNll.length, COLUMNS, (i) => {
    const lse = logSumExp?.[i] ?? 0;
    const shift = Math.fround(lse);
    return [shift, dNll[i]! * Math.exp(shift - lse), dNll[i]! * uniformShare];
  });
  return set.upload(values, COLUMNS);
}

const COLUMNS = Object.keys(FACTOR_COLUMNS).length;

function matrix(rows: number, columns: number, row: (index: number) => readonly number[]): Float32Array {
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) values.set(row(i), i * columns);
  return values;
}
