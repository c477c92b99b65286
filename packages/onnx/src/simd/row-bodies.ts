import type { MarginLoss } from '@cf/core';
import { biasBesideLogit, hasSmoothing, sumsOf } from '../formula/negatives-formula.ts';
import type { FunctionWriter, Local } from './function-writer.ts';
import { BYTES, PARAMETERS, RESULTS } from './row-layout.ts';
import { simdExp } from './simd-exp.ts';

/** Formula values of four classes, [4] each. */
export interface Lanes {
  readonly products: Local;
  readonly inverse: Local | undefined;
  readonly cos: Local;
  /** By the names that the body's formula was traced for. */
  readonly values: Readonly<Record<string, Local>>;
  /** Which lanes are classes of the run; undefined where all are. */
  readonly mask: Local | undefined;
}

export interface KernelContext {
  readonly loss: MarginLoss;
  readonly writer: FunctionWriter;
  readonly products: Local;
  readonly gradBias: Local;
  readonly parameters: Local;
  readonly results: Local;
  readonly pivot: Local;
}

/** What a kernel does with four classes, and then at its end. */
export interface KernelBody {
  lanes(lanes: Lanes): void;
  end(): void;
}

/** The largest logit. */
export function peakBody({ writer, results }: KernelContext): KernelBody {
  const peak = writer.loadSplat(results, RESULTS.peak * BYTES);
  return {
    lanes({ values: { logit }, mask }) {
      const counted = mask === undefined ? logit! : writer.value('v128.bitselect', logit!, peak, mask);
      writer.assign(peak, 'f32x4.pmax', peak, counted);
    },
    end() {
      writer.foldLanes('f32.max', results, peak, RESULTS.peak * BYTES);
    },
  };
}

/** The sums, and slopes in the products' place; the hard negatives too where they count. */
export function sumsBody(context: KernelContext, counts: boolean): KernelBody {
  const { loss, writer, products, results } = context;
  const partials = loss.objective.kind === 'softmax' ? exponentials(context) : pairSlopes(context);
  const radial = loss.geometry === 'norm-scaled' ? writer.zeros() : undefined;
  const sums = sumsOf(loss).map((name) => ({ name, sum: writer.zeros() }));
  const counted = counts ? hardNegativesBody(context) : undefined;
  return {
    lanes(lanes) {
      const { mask, values, inverse } = lanes;
      const within = (x: Local): Local => (mask === undefined ? x : writer.value('v128.and', x, mask));
      const partial = partials.lanes(lanes, within);
      if (radial !== undefined) {
        const along = writer.value('f32x4.mul', partial, values.value!);
        writer.assign(radial, 'f32x4.add', radial, within(along));
      }
      for (const { name, sum } of sums) writer.assign(sum, 'f32x4.add', sum, within(values[name]!));
      let slopes = writer.value('f32x4.mul', partial, values.dCos!);
      if (inverse !== undefined) slopes = writer.value('f32x4.mul', slopes, inverse);
      if (mask !== undefined) slopes = writer.value('v128.bitselect', slopes, lanes.products, mask);
      writer.store(products, slopes);
      counted?.lanes(lanes);
    },
    end() {
      partials.end();
      if (radial !== undefined) writer.foldLanes('f32.add', results, radial, RESULTS.radial * BYTES);
      sums.forEach(({ sum }, at) => {
        writer.foldLanes('f32.add', results, sum, (RESULTS.sums + at) * BYTES);
      });
      counted?.end();
    },
  };
}

/** ∂loss/∂z of four classes, up to a factor of the sample. */
interface Partials {
  lanes(lanes: Lanes, within: (x: Local) => Local): Local;
  end(): void;
}

/** e^{z − shift} − share; the sum is of what the share was not taken off. */
function exponentials({ loss, writer, parameters, results }: KernelContext): Partials {
  const shift = writer.loadSplat(parameters, PARAMETERS.shift * BYTES);
  const share = hasSmoothing(loss) ? writer.loadSplat(parameters, PARAMETERS.share * BYTES) : undefined;
  const sum = writer.zeros();
  return {
    lanes({ values }, within) {
      const exp = within(simdExp(writer, writer.value('f32x4.sub', values.logit!, shift)));
      writer.assign(sum, 'f32x4.add', sum, exp);
      return share === undefined ? exp : writer.value('f32x4.sub', exp, share);
    },
    end() {
      writer.foldLanes('f32.add', results, sum, RESULTS.sum * BYTES);
    },
  };
}

/** The binary objective's own slope, of which the bias beside the logit has its gradient. */
function pairSlopes({ loss, writer, parameters, gradBias }: KernelContext): Partials {
  if (!biasBesideLogit(loss) || loss.objective.kind !== 'binary')
    return { lanes: ({ values }) => values.dLogit!, end: () => {} };
  const add = loss.objective.biasSign > 0 ? 'f32x4.add' : 'f32x4.sub';
  const dNll = writer.loadSplat(parameters, PARAMETERS.dNll * BYTES);
  return {
    lanes({ values }, within) {
      const gradient = within(writer.value('f32x4.mul', values.dLogit!, dNll));
      writer.store(gradBias, writer.value(add, writer.load(gradBias), gradient));
      return values.dLogit!;
    },
    end: () => {},
  };
}

function hardNegativesBody({ writer, results, pivot }: KernelContext): KernelBody {
  const hard = writer.zeros();
  const emphasised = writer.zeros();
  const least = writer.loadSplat(results, RESULTS.minSlope * BYTES);
  const largest = writer.loadSplat(results, RESULTS.maxSlope * BYTES);
  return {
    lanes({ cos, values, mask }) {
      const dCos = values.dCos!;
      const above = writer.value('f32x4.gt', cos, pivot);
      const isHard = mask === undefined ? above : writer.value('v128.and', above, mask);
      const isRaised = writer.value('v128.and', isHard, writer.value('f32x4.gt', values.value!, cos));
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
