import { COSINE_BOUND, type MarginLoss } from '@cf/core';
import { clampsCosine, sampleValuesRead, traceNegative } from '../formula/negatives-formula.ts';
import { FunctionWriter, type Local } from './function-writer.ts';
import { simdExp } from './simd-exp.ts';
import { simdFormula } from './simd-formula.ts';
import { wasmModule } from './wasm-module.ts';

/** Where the numbers of one sample lie that a kernel reads, float32 each: then come those of `sampleValuesRead(loss)`. */
export const PARAMETERS = { shift: 0, logitScale: 1, pivot: 2, sampleValues: 3 } as const;

/** Where a kernel adds up what it finds, float32 each. */
export const RESULTS = {
  sum: 0,
  radial: 1,
  hard: 2,
  emphasised: 3,
  minSlope: 4,
  maxSlope: 5,
  peak: 6,
} as const;
export const RESULT_COUNT = 7;

const BYTES = Float32Array.BYTES_PER_ELEMENT;
const LANES = 4;

/**
 * What pass 1 does to the products of one sample with a run of classes, none of them its own, as a WebAssembly module.
 * All functions take (products, inverse, count, parameters, results): byte addresses of float32 in the memory, and a
 * number of classes. Both arrays may be read, not written, up to three numbers past their ends.
 *
 * - `peak`: the largest scaled logit, into `results`.
 * - `sums`: z = scale·N(cos θ); adds Σ e^{z − shift} and Σ e^{z − shift}·N to `results`, and turns the products x̂·w in
 *   place into slopes e^{z − shift}·N′/‖w‖.
 * - `counted`: that, and what the diagnostics tell of the hard negatives.
 *
 * @param fused with products and sums in one instruction, where WebAssembly has it.
 */
export function rowKernel(loss: MarginLoss, fused: boolean): Uint8Array<ArrayBuffer> {
  return wasmModule({
    peak: kernel(loss, fused, peakBody),
    sums: kernel(loss, fused, (context) => sumsBody(context, false)),
    counted: kernel(loss, fused, (context) => sumsBody(context, true)),
  });
}

/** Formula values of four classes, [4] each. */
interface Lanes {
  readonly products: Local;
  readonly inverse: Local | undefined;
  readonly cos: Local;
  readonly value: Local;
  readonly dCos: Local;
  readonly logits: Local;
  /** Which lanes are classes of the run; undefined where all are. */
  readonly mask: Local | undefined;
}

interface KernelContext {
  readonly loss: MarginLoss;
  readonly writer: FunctionWriter;
  readonly products: Local;
  readonly parameters: Local;
  readonly results: Local;
  readonly pivot: Local;
}

/** What a kernel does with four classes, and then at its end. */
interface KernelBody {
  lanes(lanes: Lanes): void;
  end(): void;
}

function kernel(
  loss: MarginLoss,
  fused: boolean,
  bodyOf: (context: KernelContext) => KernelBody,
): FunctionWriter {
  const writer = new FunctionWriter(5, { fused });
  const [products, inverse, count, parameters, results] = [0, 1, 2, 3, 4].map((at) =>
    writer.parameter(at),
  ) as [Local, Local, Local, Local, Local];
  const splat = (at: number): Local => writer.loadSplat(parameters, at * BYTES);
  const pivot = splat(PARAMETERS.pivot);
  const inputs: Record<string, Local> = { pivot };
  sampleValuesRead(loss).forEach((name, at) => {
    inputs[name] = splat(PARAMETERS.sampleValues + at);
  });
  const scale = splat(PARAMETERS.logitScale);
  const body = bodyOf({ loss, writer, products, parameters, results, pivot });

  const four = (mask: Local | undefined): void => {
    const raw = writer.load(products);
    const inverses = loss.geometry === 'inner' ? undefined : writer.load(inverse);
    let cos = inverses === undefined ? raw : writer.value('f32x4.mul', raw, inverses);
    if (clampsCosine(loss)) {
      cos = writer.value('f32x4.max', cos, writer.floats(-COSINE_BOUND));
      cos = writer.value('f32x4.min', cos, writer.floats(COSINE_BOUND));
    }
    const { value, dCos } = simdFormula(writer, traceNegative(loss), { ...inputs, cos }, ['value', 'dCos']);
    const logits = writer.value('f32x4.mul', value, scale);
    body.lanes({ products: raw, inverse: inverses, cos, value, dCos, logits, mask });
  };
  const whole = writer.value('i32.and', count, writer.int(-LANES));
  const end = writer.value('i32.add', products, writer.value('i32.shl', whole, writer.int(2)));
  const step = writer.int(LANES * BYTES);
  writer.whileBelow(products, end, () => {
    four(undefined);
    writer.assign(products, 'i32.add', products, step);
    writer.assign(inverse, 'i32.add', inverse, step);
  });
  const left = writer.value('i32.and', count, writer.int(LANES - 1));
  writer.when(left, () => {
    four(writer.value('i32x4.gt_s', writer.value('i32x4.splat', left), writer.ints([0, 1, 2, 3])));
  });
  body.end();
  return writer;
}

function peakBody({ writer, results }: KernelContext): KernelBody {
  const peak = writer.loadSplat(results, RESULTS.peak * BYTES);
  return {
    lanes({ logits, mask }) {
      const counted = mask === undefined ? logits : writer.value('v128.bitselect', logits, peak, mask);
      writer.assign(peak, 'f32x4.pmax', peak, counted);
    },
    end() {
      writer.foldLanes('f32.max', results, peak, RESULTS.peak * BYTES);
    },
  };
}

function sumsBody(context: KernelContext, counts: boolean): KernelBody {
  const { loss, writer, products, parameters, results } = context;
  const shift = writer.loadSplat(parameters, PARAMETERS.shift * BYTES);
  const sum = writer.zeros();
  const radial = loss.geometry === 'norm-scaled' ? writer.zeros() : undefined;
  const counted = counts ? hardNegativesBody(context) : undefined;
  return {
    lanes(lanes) {
      const { mask, value, dCos, inverse } = lanes;
      const within = (x: Local): Local => (mask === undefined ? x : writer.value('v128.and', x, mask));
      const exp = within(simdExp(writer, writer.value('f32x4.sub', lanes.logits, shift)));
      writer.assign(sum, 'f32x4.add', sum, exp);
      if (radial !== undefined)
        writer.assign(radial, 'f32x4.add', radial, within(writer.value('f32x4.mul', exp, value)));
      let slopes = writer.value('f32x4.mul', exp, dCos);
      if (inverse !== undefined) slopes = writer.value('f32x4.mul', slopes, inverse);
      if (mask !== undefined) slopes = writer.value('v128.bitselect', slopes, lanes.products, mask);
      writer.store(products, slopes);
      counted?.lanes(lanes);
    },
    end() {
      writer.foldLanes('f32.add', results, sum, RESULTS.sum * BYTES);
      if (radial !== undefined) writer.foldLanes('f32.add', results, radial, RESULTS.radial * BYTES);
      counted?.end();
    },
  };
}

function hardNegativesBody({ writer, results, pivot }: KernelContext): KernelBody {
  const hard = writer.zeros();
  const emphasised = writer.zeros();
  const least = writer.loadSplat(results, RESULTS.minSlope * BYTES);
  const largest = writer.loadSplat(results, RESULTS.maxSlope * BYTES);
  return {
    lanes({ cos, value, dCos, mask }) {
      const above = writer.value('f32x4.gt', cos, pivot);
      const isHard = mask === undefined ? above : writer.value('v128.and', above, mask);
      const isRaised = writer.value('v128.and', isHard, writer.value('f32x4.gt', value, cos));
      // A true lane is −1.
      writer.assign(hard, 'i32x4.sub', hard, isHard);
      writer.assign(emphasised, 'i32x4.sub', emphasised, isRaised);
      writer.assign(least, 'f32x4.pmin', least, writer.value('v128.bitselect', dCos, least, isHard));
      writer.assign(largest, 'f32x4.pmax', largest, writer.value('v128.bitselect', dCos, largest, isHard));
    },
    end() {
      const asFloats = (counts: Local): Local => writer.value('f32x4.convert_i32x4_s', counts);
      writer.foldLanes('f32.add', results, asFloats(hard), RESULTS.hard * BYTES);
      writer.foldLanes('f32.add', results, asFloats(emphasised), RESULTS.emphasised * BYTES);
      writer.foldLanes('f32.min', results, least, RESULTS.minSlope * BYTES);
      writer.foldLanes('f32.max', results, largest, RESULTS.maxSlope * BYTES);
    },
  };
}
