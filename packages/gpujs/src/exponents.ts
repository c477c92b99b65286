import type { ReducedBatch } from '@cf/core';
import { uploadKernel } from './kernels/dense-kernels.ts';
import { EXPONENT_COLUMNS } from './kernels/exponent-kernels.ts';
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
    const targets = pairs(x.count, (i) => {
      const logit = prepared.logitScale[i]! * prepared.value[i]!;
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

  /** What the kernels of pass 2 take, on the device. @param dNll ∂loss/∂nll: [B]. */
  exponents(dNll: Float64Array): Promise<KernelValue> {
    const { kernels, set, x } = this.#context;
    const slopes = matrixInput(new Float32Array(dNll), 1);
    return set.run(kernels.exponents, { batch: x.count }, [this.#value, slopes]);
  }

  dispose(): void {
    release(this.#value);
  }
}

/**
 * What the kernels of pass 2 take, from the host.
 *
 * dNll·e^{z − lse} = (dNll·e^{shift − lse})·e^{z − shift}: only the factor is rounded to float32, not lse.
 */
export function uploadExponents({ set }: StepContext, reduced: ReducedBatch): Promise<KernelValue> {
  const { dNll, logSumExp } = reduced;
  const values = pairs(dNll.length, (i) => {
    const shift = Math.fround(logSumExp[i]!);
    return [shift, dNll[i]! * Math.exp(shift - logSumExp[i]!)];
  });
  return set.upload(values, 2);
}

function pairs(count: number, of: (sample: number) => readonly [shift: number, other: number]): Float32Array {
  const values = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const [shift, other] = of(i);
    values[2 * i + EXPONENT_COLUMNS.shift] = shift;
    values[2 * i + EXPONENT_COLUMNS.factor] = other;
  }
  return values;
}
