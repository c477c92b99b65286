import { COSINE_BOUND, type MarginLoss, type Node } from '@cf/core';
import {
  biasBesideLogit,
  clampsCosine,
  EMPHASISED,
  hasSmoothing,
  negativeValues,
  sampleValuesRead,
  sumOf,
  sumsOf,
  traceNegative,
} from '../formula/negatives-formula.ts';
import { FunctionWriter, type Local } from './function-writer.ts';
import {
  type KernelBody,
  type KernelContext,
  type Lanes,
  peakBody,
  type SumsParts,
  sumsBody,
} from './row-bodies.ts';
import { BYTES, ofClass, PARAMETERS, RESULTS } from './row-layout.ts';
import { simdFormula } from './simd-formula.ts';
import { BLOCK, softplusTerm } from './softplus-sum.ts';
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
 * All functions take (products, classes, count, parameters, results): byte addresses of float32 in the memory, and a number
 * of classes. The products, and the rows of `classes` (`CLASSES`), may be read, not changed, up to three numbers past their
 * ends; the products are not even written there with what they hold, since the next row may be another thread's.
 *
 * - `peak`: the largest scaled logit, into `results`; not for binary objectives.
 * - `sums`: z = scale·N(cos θ) and e, which is e^{z − shift}, or a binary objective's ∂loss/∂z; adds Σ e^{z − shift},
 *   Σ e·N and the sums that the loss asks for to `results`, and turns the products x̂·w in place into slopes e·N′/‖w‖.
 * - `counted`: that, and what the diagnostics tell of the hard negatives.
 * - `gradients`: with label smoothing, the same as `sums` of e = e^{z − shift} − share.
 *
 * Where nothing comes after, which is so for binary objectives and `gradients`, factor·slope·cos θ is added to `along`, and
 * where a bias stands beside the logits, dNll·e to `gradBias`, with the sign of the bias.
 *
 * @param fused with products and sums in one instruction, where WebAssembly has it.
 * @param shared for a memory that threads share.
 */
export function rowKernel(
  loss: MarginLoss,
  fused: boolean,
  shared: boolean = false,
): Uint8Array<ArrayBuffer> {
  const binary = loss.objective.kind === 'binary';
  const sums = (parts: Omit<SumsParts, 'last'>, last = binary): FunctionWriter =>
    kernel(loss, fused, (context) => sumsBody(context, { ...parts, last }));
  const plain = { counts: false, share: false };
  const functions = {
    ...(binary ? {} : { peak: kernel(loss, fused, peakBody) }),
    sums: sums(plain),
    counted: sums({ ...plain, counts: true }),
    ...(hasSmoothing(loss) ? { gradients: sums({ ...plain, share: true }, true) } : {}),
  };
  return wasmModule(functions, shared);
}

function kernel(
  loss: MarginLoss,
  fused: boolean,
  bodyOf: (context: KernelContext) => KernelBody,
): FunctionWriter {
  const writer = new FunctionWriter(5, { fused });
  const [products, classes, count, parameters, results] = [0, 1, 2, 3, 4].map((at) =>
    writer.parameter(at),
  ) as [Local, Local, Local, Local, Local];
  const splat = (at: number): Local => writer.loadSplat(parameters, at * BYTES);
  const pivot = splat(PARAMETERS.pivot);
  const inputs: Record<string, Local> = { pivot, logit_scale: splat(PARAMETERS.logitScale) };
  sampleValuesRead(loss).forEach((name, at) => {
    inputs[name] = splat(PARAMETERS.sampleValues + at);
  });
  const binary = loss.objective.kind === 'binary';
  const formula = traceNegative(loss, [...negativeValues(loss), EMPHASISED], { logitKnown: binary });
  const share = binary ? softplusTerm(formula, sumOf('loss'))?.share : undefined;
  const body = bodyOf({ loss, formula, writer, pivot, products, classes, parameters, results });
  const step = writer.int(LANES * BYTES);
  if (binary) writeLogits({ loss, writer, inputs, step, products, classes, count });

  const four = (mask?: Local, left?: Local): void => {
    const found = cosines(loss, writer, products, classes);
    const logit = binary ? { logit: writer.load(classes, ofClass('logit')) } : {};
    const ofClasses = { ...inputs, ...logit, cos: found.cos };
    const known = new Map(share ? [[share, writer.load(classes, ofClass('share'))]] : []);
    const values = simdFormula(writer, body.formula, ofClasses, Object.keys(body.formula.outputs), known);
    body.lanes({ ...found, values, mask, left });
  };
  const upTo = (end: Local): void =>
    writer.whileBelow(products, end, () => {
      four();
      writer.assign(products, 'i32.add', products, step);
      writer.assign(classes, 'i32.add', classes, step);
    });
  const whole = writer.value('i32.and', count, writer.int(-LANES));
  const end = writer.value('i32.add', products, writer.value('i32.shl', whole, writer.int(2)));
  const { endBlock } = body;
  if (endBlock === undefined) upTo(end);
  else
    writer.whileBelow(products, end, () => {
      const blockEnd = writer.value('i32.add', products, writer.int(BLOCK * LANES * BYTES));
      writer.when(writer.value('i32.lt_u', end, blockEnd), () => {
        writer.assign(blockEnd, 'i32.or', end, end);
      });
      upTo(blockEnd);
      endBlock();
    });
  const left = writer.value('i32.and', count, writer.int(LANES - 1));
  writer.when(left, () => {
    four(writer.value('i32x4.gt_s', writer.value('i32x4.splat', left), writer.ints([0, 1, 2, 3])), left);
  });
  body.end();
  return writer;
}

/** Of four classes. */
function cosines(
  loss: MarginLoss,
  writer: FunctionWriter,
  at: Local,
  classes: Local,
): Pick<Lanes, 'products' | 'inverse' | 'cos'> {
  const products = writer.load(at);
  const inverse = loss.geometry === 'inner' ? undefined : writer.load(classes, ofClass('inverse'));
  let cos = inverse === undefined ? products : writer.value('f32x4.mul', products, inverse);
  if (clampsCosine(loss)) {
    cos = writer.value('f32x4.pmax', cos, writer.floats(-COSINE_BOUND));
    cos = writer.value('f32x4.pmin', cos, writer.floats(COSINE_BOUND));
  }
  return { products, inverse, cos };
}

interface LogitsContext {
  readonly loss: MarginLoss;
  readonly writer: FunctionWriter;
  readonly inputs: Readonly<Record<string, Local>>;
  readonly step: Local;
  readonly products: Local;
  readonly classes: Local;
  readonly count: Local;
}

/**
 * The logits of the whole run, and the exponentials of their softplus, before anything is made of them: a processor looks only so far ahead, and from a product to
 * the slope of a pair so many operations wait for each other that it finds little else to do.
 */
function writeLogits({ loss, writer, inputs, step, ...addresses }: LogitsContext): void {
  const copy = (address: Local): Local => writer.value('i32.or', address, address);
  const [products, classes] = [copy(addresses.products), copy(addresses.classes)];
  const end = writer.value('i32.add', products, writer.value('i32.shl', addresses.count, writer.int(2)));
  const formula = traceNegative(loss, ['logit', sumOf('loss')]);
  const share = softplusTerm(formula, sumOf('loss'))?.share;
  const { logit } = formula.outputs as { logit: Node };
  const outputs = share === undefined ? { logit } : { logit, share };
  writer.whileBelow(products, end, () => {
    const { cos } = cosines(loss, writer, products, classes);
    const bias = biasBesideLogit(loss) ? { class_bias: writer.load(classes, ofClass('bias')) } : {};
    const names = Object.keys(outputs) as ('logit' | 'share')[];
    const values = simdFormula(writer, { ...formula, outputs }, { ...inputs, ...bias, cos }, names);
    for (const name of names) writer.store(classes, values[name], ofClass(name));
    writer.assign(products, 'i32.add', products, step);
    writer.assign(classes, 'i32.add', classes, step);
  });
}
