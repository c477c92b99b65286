import { describe, expect, test } from 'vitest';
import { UnsupportedOperatorError } from '../../errors.ts';
import { isFloat } from '../../model/element-type.ts';
import type { GradientCase } from '../../testing/gradient-case.ts';
import { casesIn } from '../../testing/gradient-cases.ts';
import { nodeModel } from '../../testing/node-model.ts';
import { isOlderThan } from '../../testing/onnxruntime-version.ts';
import { layerRule } from './layer-rules.ts';
import { byGraphs, byOneDnn, needsOneDnn, oneDnn, worst } from './testing/compare.ts';

/** Rounding of float32 sums in another order. */
const TOLERANCE = 1e-5;

const all = [...(await casesIn(new URL('../../gradient/rules/', import.meta.url))).values()].flat();
const known = all
  .filter(
    ({ operator, domain, since, isCast }) =>
      layerRule({ opType: operator, domain: domain ?? '' }) !== undefined &&
      isCast !== true &&
      (since === undefined || !isOlderThan(since)),
  )
  .map(inFloat32);

describe('every case of an operator that oneDNN has gives what the graphs give, or is refused', () => {
  const refused = new Map<string, string>();
  const computed = new Set<string>();
  for (const [i, given] of known.entries())
    test.skipIf(oneDnn === undefined)(`${i} ${given.operator}: ${given.name}${needsOneDnn}`, async () => {
      const of = differentiated(given);
      let seed = new Float32Array();
      const expected = await byGraphs(of, ({ data }) => {
        seed = Float32Array.from(data as Float32Array, (_, k) => Math.sin(2.3 * k + 1));
        return seed;
      });
      try {
        const result = await byOneDnn(oneDnn!, of, seed);
        expect(worst(result.output, expected.output), 'output').toBeLessThan(TOLERANCE);
        for (const [name, gradient] of expected.gradients)
          expect(worst(result.gradients.get(name)!, gradient), `gradient of ${name}`).toBeLessThan(TOLERANCE);
        computed.add(given.operator);
      } catch (error) {
        if (!(error instanceof UnsupportedOperatorError)) throw error;
        refused.set(`${given.operator}: ${given.name}`, error.expected);
      }
    });

  // An older runtime can't tell what the graphs give in every case.
  const isWhole = all.every(({ since }) => since === undefined || !isOlderThan(since));
  test.skipIf(oneDnn === undefined || !isWhole)(`what is computed, and what is refused${needsOneDnn}`, () => {
    expect([...computed].sort()).toMatchInlineSnapshot(`
      [
        "Abs",
        "AveragePool",
        "Clip",
        "Concat",
        "Conv",
        "Elu",
        "Flatten",
        "Gelu",
        "Gemm",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "HardSigmoid",
        "HardSwish",
        "Identity",
        "LeakyRelu",
        "MatMul",
        "PRelu",
        "Relu",
        "Reshape",
        "Sigmoid",
        "Softplus",
        "Split",
        "Squeeze",
        "Tanh",
        "Transpose",
        "Unsqueeze",
      ]
    `);
    expect(refused).toMatchInlineSnapshot(`
      Map {
        "Add: each repeated along the other" => "an operand of the size of the result",
        "Sub: each repeated along the other" => "an operand of the size of the result",
        "Mul: each repeated along the other" => "an operand of the size of the result",
        "Div: each repeated along the other" => "a divisor that no gradient flows to",
        "PRelu: slope of shape [2,3,2,4]" => "one slope a channel, or one for all",
        "PRelu: slope of shape [4]" => "one slope a channel, or one for all",
        "PRelu: slope of shape [2,4]" => "one slope a channel, or one for all",
        "Clip: computed bounds, which get gradients" => "bounds that are constants",
        "Clip: only an upper bound" => "bounds that are constants",
        "Slice: from the front" => "one axis, in steps of 1",
        "Slice: from the end, beyond it" => "one axis, in steps of 1",
        "Slice: negative steps" => "one axis, in steps of 1",
        "Slice: computed" => "positions that are constants",
        "Reshape: computed" => "sizes that follow from those of the batch",
        "BatchNormalization: running statistics, 4 axes" => "constants where statistics are fixed",
        "BatchNormalization: running statistics, 3 axes" => "constants where statistics are fixed",
        "BatchNormalization: running statistics, 2 axes" => "constants where statistics are fixed",
        "BatchNormalization: momentum and spatial, which change nothing" => "constants where statistics are fixed",
        "Gemm: a row, factors" => "α and β of 1",
        "Gemm: a column" => "one bias a column",
        "Gemm: a scalar" => "one bias a column",
        "Gemm: both transposed" => "rows as they are (transA of 0)",
        "MatMul: [3] · [3]" => "a product of two matrices",
        "MatMul: [3] · [3,4]" => "a product of two matrices",
        "MatMul: [2,5,4,3] · [3]" => "a product of two matrices",
        "MatMul: [3] · [5,3,4]" => "a product of two matrices",
        "MatMul: [2,1,2,3] · [4,3,2]" => "a product of two matrices",
        "MatMul: [2,3] · [5,3,4]" => "a product of two matrices",
        "MatMul: [5,2,3] · [3,4]" => "a product of two matrices",
        "ReduceMean: all axes" => "axes that are told",
        "ReduceMean: all axes, dropped" => "axes that are told",
        "ReduceMean: two axes, one from the end" => "a mean over all axes of a picture",
        "ReduceMean: one axis, dropped" => "a mean over all axes of a picture",
        "ReduceMean: axes as an input, one from the end" => "axes that are told",
        "ReduceMean: axes as an input, dropped" => "axes that are told",
        "ReduceMean: none, as said" => "axes that are told",
        "ReduceMean: an empty list, which is all" => "axes that are told",
        "ReduceMean: an empty list, all dropped" => "axes that are told",
        "ReduceMean: an empty list, which is none" => "axes that are told",
        "Conv: SAME_UPPER" => "paddings that are told",
        "Conv: SAME_LOWER" => "paddings that are told",
        "MaxPool: column-major indices" => "no indices",
        "AveragePool: windows with gaps" => "no dilation",
      }
    `);
  });
});

function inFloat32(given: GradientCase): GradientCase {
  const values = (of: GradientCase['inputs'] = {}): GradientCase['inputs'] =>
    Object.fromEntries(
      Object.entries(of).map(([name, value]) => [
        name,
        value.type === 'float64'
          ? { type: 'float32' as const, dims: value.dims, data: Float32Array.from(value.data) }
          : value,
      ]),
    );
  return { ...given, inputs: values(given.inputs), constants: values(given.constants) };
}

function differentiated(given: GradientCase): Parameters<typeof byOneDnn>[1] {
  const opset = Math.max(...(given.opsets ?? [17]).map(Number));
  const wrt = given.wrt ?? Object.keys(given.inputs).filter((name) => isFloat(given.inputs[name]!.type));
  return {
    model: nodeModel({ ...given, opset, declared: 'shapes' }),
    of: given.of === undefined || given.of === 0 ? 'y' : `y_${given.of}`,
    wrt,
    inputs: given.inputs,
  };
}
