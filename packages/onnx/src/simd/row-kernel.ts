import { COSINE_BOUND, type MarginLoss } from '@cf/core';
import {
  biasBesideLogit,
  clampsCosine,
  negativeValues,
  sampleValuesRead,
  sumsOf,
  traceNegative,
} from '../formula/negatives-formula.ts';
import { FunctionWriter, type Local } from './function-writer.ts';
import { type KernelBody, type KernelContext, peakBody, sumsBody } from './row-bodies.ts';
import { BYTES, PARAMETERS, RESULTS } from './row-layout.ts';
import { simdFormula } from './simd-formula.ts';
import { wasmModule } from './wasm-module.ts';

const LANES = 4;

/** Numbers that a kernel reads of one sample. */
export function parameterCount(loss: MarginLoss): number {
  return PARAMETERS.sampleValues + sampleValuesRead(loss).length;
}

/** Numbers that a kernel adds up of one sample. */
export function resultCount(loss: MarginLoss): number {
  return RESULTS.sums + sumsOf(loss).length;
}

/**
 * What a pass does to the products of one sample with a run of classes, none of them its own, as a WebAssembly module.
 * All functions take (products, inverse, bias, gradBias, count, parameters, results): byte addresses of float32 in the
 * memory, and a number of classes. The arrays of classes may be read, not written, up to three numbers past their ends.
 *
 * - `peak`: the largest scaled logit, into `results`; not for binary objectives.
 * - `sums`: z = scale·N(cos θ) and e, which is e^{z − shift} − share, or a binary objective's ∂loss/∂z; adds Σ e^{z − shift},
 *   Σ e·N and the sums that the loss asks for to `results`, dNll·e to `gradBias`, with the sign of the bias, and turns the
 *   products x̂·w in place into slopes e·N′/‖w‖.
 * - `counted`: that, and what the diagnostics tell of the hard negatives.
 *
 * `bias` and `gradBias` are looked at where a bias stands beside the logits, and there alone.
 *
 * @param fused with products and sums in one instruction, where WebAssembly has it.
 */
export function rowKernel(loss: MarginLoss, fused: boolean): Uint8Array<ArrayBuffer> {
  const values = negativeValues(loss);
  return wasmModule({
    ...(loss.objective.kind === 'softmax' ? { peak: kernel(loss, ['logit'], fused, peakBody) } : {}),
    sums: kernel(loss, values, fused, (context) => sumsBody(context, false)),
    counted: kernel(loss, values, fused, (context) => sumsBody(context, true)),
  });
}

function kernel(
  loss: MarginLoss,
  values: readonly string[],
  fused: boolean,
  bodyOf: (context: KernelContext) => KernelBody,
): FunctionWriter {
  const writer = new FunctionWriter(7, { fused });
  const [products, inverse, bias, gradBias, count, parameters, results] = [0, 1, 2, 3, 4, 5, 6].map((at) =>
    writer.parameter(at),
  ) as [Local, Local, Local, Local, Local, Local, Local];
  const splat = (at: number): Local => writer.loadSplat(parameters, at * BYTES);
  const pivot = splat(PARAMETERS.pivot);
  const inputs: Record<string, Local> = { pivot, logit_scale: splat(PARAMETERS.logitScale) };
  sampleValuesRead(loss).forEach((name, at) => {
    inputs[name] = splat(PARAMETERS.sampleValues + at);
  });
  const formula = traceNegative(loss, values);
  const besideLogit = biasBesideLogit(loss);
  const body = bodyOf({ loss, writer, products, gradBias, parameters, results, pivot });

  const four = (mask: Local | undefined): void => {
    const raw = writer.load(products);
    const inverses = loss.geometry === 'inner' ? undefined : writer.load(inverse);
    let cos = inverses === undefined ? raw : writer.value('f32x4.mul', raw, inverses);
    if (clampsCosine(loss)) {
      cos = writer.value('f32x4.max', cos, writer.floats(-COSINE_BOUND));
      cos = writer.value('f32x4.min', cos, writer.floats(COSINE_BOUND));
    }
    const ofClasses = { cos, ...(besideLogit ? { class_bias: writer.load(bias) } : {}) };
    const found = simdFormula(writer, formula, { ...inputs, ...ofClasses }, values);
    body.lanes({ products: raw, inverse: inverses, cos, values: found, mask });
  };
  const whole = writer.value('i32.and', count, writer.int(-LANES));
  const end = writer.value('i32.add', products, writer.value('i32.shl', whole, writer.int(2)));
  const step = writer.int(LANES * BYTES);
  const moving = [products, inverse, ...(besideLogit ? [bias, gradBias] : [])];
  writer.whileBelow(products, end, () => {
    four(undefined);
    for (const address of moving) writer.assign(address, 'i32.add', address, step);
  });
  const left = writer.value('i32.and', count, writer.int(LANES - 1));
  writer.when(left, () => {
    four(writer.value('i32x4.gt_s', writer.value('i32x4.splat', left), writer.ints([0, 1, 2, 3])));
  });
  body.end();
  return writer;
}
