import type { MarginLoss, TracedFormula } from '@cf/core';
import { biasBesideLogit, EMPHASISED, sumsOf } from '../formula/negatives-formula.ts';
import type { FunctionWriter, Local } from './function-writer.ts';
import { BYTES, ofClass, PARAMETERS, RESULTS } from './row-layout.ts';
import { simdExp } from './simd-exp.ts';
import { SoftplusSum, softplusTerm } from './softplus-sum.ts';

/** Formula values of four classes, [4] each. */
export interface Lanes {
  readonly products: Local;
  readonly inverse: Local | undefined;
  readonly cos: Local;
  /** By the names that the body's formula was traced for. */
  readonly values: Readonly<Record<string, Local>>;
  /** Which lanes are classes of the run; undefined where all are. */
  readonly mask: Local | undefined;
  /** How many they are then: one to three. */
  readonly left: Local | undefined;
}

export interface KernelContext {
  readonly loss: MarginLoss;
  /** All values of a negative, and whether it is emphasised. */
  readonly formula: TracedFormula;
  readonly writer: FunctionWriter;
  readonly products: Local;
  readonly classes: Local;
  readonly parameters: Local;
  readonly results: Local;
  readonly pivot: Local;
}

/** What a kernel does with four classes, and then at its end. */
export interface KernelBody {
  /** Whose outputs are the values of {@link Lanes}. */
  readonly formula: TracedFormula;
  lanes(lanes: Lanes): void;
  /** Where there is one: after every `BLOCK` times four classes. */
  readonly endBlock?: (() => void) | undefined;
  end(): void;
}

/** The largest logit. */
export function peakBody({ formula, writer, results }: KernelContext): KernelBody {
  const peak = writer.loadSplat(results, RESULTS.peak * BYTES);
  return {
    formula: { ...formula, outputs: { logit: formula.outputs.logit! } },
    lanes({ values: { logit }, mask }) {
      const counted = mask === undefined ? logit! : writer.value('v128.bitselect', logit!, peak, mask);
      writer.assign(peak, 'f32x4.pmax', peak, counted);
    },
    end() {
      writer.foldLanes('f32.max', results, peak, RESULTS.peak * BYTES);
    },
  };
}

/** What {@link sumsBody} is asked for. */
export interface SumsParts {
  /** Count the hard negatives. */
  readonly counts: boolean;
  /** Take the share of label smoothing off. */
  readonly share: boolean;
  /** No pass comes after: add up over the samples too. */
  readonly last: boolean;
}

/** The sums, and slopes in the products' place. */
export function sumsBody(context: KernelContext, { counts, share, last }: SumsParts): KernelBody {
  const { loss, formula, writer, parameters, results } = context;
  const partials = loss.objective.kind === 'softmax' ? exponentials(context, share) : pairSlopes(context);
  const radial = loss.geometry === 'norm-scaled' ? writer.zeros() : undefined;
  const sums = sumsOf(loss).map((name) => namedSum(context, name));
  const counted = counts ? hardNegativesBody(context) : undefined;
  const factor =
    last && loss.geometry !== 'inner' ? writer.loadSplat(parameters, PARAMETERS.factor * BYTES) : undefined;
  const { [EMPHASISED]: emphasised, ...values } = formula.outputs;
  const wanted = counts ? { ...values, [EMPHASISED]: emphasised } : values;
  const outputs = Object.assign({}, wanted, ...sums.map((sum) => sum.outputs));
  const blocks = sums.flatMap(({ endBlock }) => endBlock ?? []);
  return {
    formula: { ...formula, outputs },
    lanes(lanes) {
      const { mask, values, inverse, cos } = lanes;
      const within = (x: Local): Local => (mask === undefined ? x : writer.value('v128.and', x, mask));
      const partial = partials.lanes(lanes, within);
      if (radial !== undefined) {
        const byNorm = writer.value('f32x4.mul', partial, values.value!);
        writer.assign(radial, 'f32x4.add', radial, within(byNorm));
      }
      for (const sum of sums) sum.lanes(values, within);
      let slopes = writer.value('f32x4.mul', partial, values.dCos!);
      if (inverse !== undefined) slopes = writer.value('f32x4.mul', slopes, inverse);
      if (factor !== undefined) {
        const along = within(writer.value('f32x4.mul', writer.value('f32x4.mul', slopes, cos), factor));
        addTo(context, 'along', 'f32x4.add', along);
      }
      storeSlopes(context, lanes, slopes);
      counted?.lanes(lanes);
    },
    endBlock:
      blocks.length === 0
        ? undefined
        : () => {
            for (const endBlock of blocks) endBlock();
          },
    end() {
      partials.end();
      if (radial !== undefined) writer.foldLanes('f32.add', results, radial, RESULTS.radial * BYTES);
      sums.forEach((sum, at) => {
        writer.foldLanes('f32.add', results, sum.end(), (RESULTS.sums + at) * BYTES);
      });
      counted?.end();
    },
  };
}

/** Nothing is written behind the run, where a row may lie that another thread sweeps. */
function storeSlopes({ writer, products }: KernelContext, { left }: Lanes, slopes: Local): void {
  if (left === undefined) {
    writer.store(products, slopes);
    return;
  }
  writer.storeLane(products, slopes, 0);
  for (const lane of [1, 2]) {
    writer.when(writer.value('i32.lt_u', writer.int(lane), left), () =>
      writer.storeLane(products, slopes, lane),
    );
  }
}

/** One of the sums that the loss asks for. */
interface NamedSum {
  /** Of the formula, what it adds up. */
  readonly outputs: TracedFormula['outputs'];
  lanes(values: Lanes['values'], within: (x: Local) => Local): void;
  readonly endBlock?: () => void;
  /** [4]. */
  end(): Local;
}

function namedSum({ formula, writer }: KernelContext, name: string): NamedSum {
  const softplus = softplusTerm(formula, name);
  if (softplus === undefined) {
    const sum = writer.zeros();
    return {
      outputs: {},
      lanes: (values, within) => writer.assign(sum, 'f32x4.add', sum, within(values[name]!)),
      end: () => sum,
    };
  }
  const { rest, share, weight } = softplus;
  const sum = new SoftplusSum(writer);
  const endBlock = (): void => sum.endBlock();
  return {
    // The term itself is not computed: its place is that of its greater part.
    outputs: { [name]: rest, [`${name} share`]: share },
    lanes: (values, within) => sum.add(within(values[name]!), within(values[`${name} share`]!)),
    endBlock,
    end() {
      endBlock();
      return sum.total(weight);
    },
  };
}

/** ∂loss/∂z of four classes, up to a factor of the sample. */
interface Partials {
  lanes(lanes: Lanes, within: (x: Local) => Local): Local;
  end(): void;
}

/** e^{z − shift} − share; the sum is of what the share was not taken off. */
function exponentials({ writer, parameters, results }: KernelContext, smoothing: boolean): Partials {
  const shift = writer.loadSplat(parameters, PARAMETERS.shift * BYTES);
  const share = smoothing ? writer.loadSplat(parameters, PARAMETERS.share * BYTES) : undefined;
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
function pairSlopes(context: KernelContext): Partials {
  const { loss, writer, parameters } = context;
  if (!biasBesideLogit(loss) || loss.objective.kind !== 'binary')
    return { lanes: ({ values }) => values.dLogit!, end: () => {} };
  const add = loss.objective.biasSign > 0 ? 'f32x4.add' : 'f32x4.sub';
  const dNll = writer.loadSplat(parameters, PARAMETERS.dNll * BYTES);
  return {
    lanes({ values }, within) {
      const gradient = within(writer.value('f32x4.mul', values.dLogit!, dNll));
      addTo(context, 'gradBias', add, gradient);
      return values.dLogit!;
    },
    end: () => {},
  };
}

/** Adds to, or subtracts from, what the classes have. */
function addTo(
  { writer, classes }: KernelContext,
  row: 'gradBias' | 'along',
  operation: 'f32x4.add' | 'f32x4.sub',
  terms: Local,
): void {
  const sum = writer.value(operation, writer.load(classes, ofClass(row)), terms);
  writer.store(classes, sum, ofClass(row));
}

function hardNegativesBody({ writer, results, pivot }: KernelContext): Pick<KernelBody, 'lanes' | 'end'> {
  const hard = writer.zeros();
  const emphasised = writer.zeros();
  const least = writer.loadSplat(results, RESULTS.minSlope * BYTES);
  const largest = writer.loadSplat(results, RESULTS.maxSlope * BYTES);
  return {
    lanes({ cos, values, mask }) {
      const dCos = values.dCos!;
      const above = writer.value('f32x4.gt', cos, pivot);
      const isHard = mask === undefined ? above : writer.value('v128.and', above, mask);
      const isEmphasised = writer.value('v128.and', isHard, values[EMPHASISED]!);
      // A true lane is −1.
      writer.assign(hard, 'i32x4.sub', hard, isHard);
      writer.assign(emphasised, 'i32x4.sub', emphasised, isEmphasised);
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
