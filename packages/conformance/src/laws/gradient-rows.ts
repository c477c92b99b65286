import type { FloatArray, HeadInput, HeadOutput } from '@cf/core';
import { type Law, problemLaw, requireClose, stepOnce } from './law.ts';

/** ∂W may go to who moves W with it at once, row by row, and every number stays as it was. */
export const rowsAreTheGradient: Law = problemLaw(
  'rows of ∂W handed over come once each, with the bits of the whole, and are read no more; so is their norm',
  async ({ backend, loss, input, spec }) => {
    const options = { tileSize: 1 + (spec.seed % 4), subCenters: 1 };
    const whole = await stepOnce(backend, loss, input, options);
    for (const measures of [false, true]) {
      const { output, rows, norm, often } = await taken(input, measures, (given) =>
        stepOnce(backend, loss, given, options),
      );
      if (output.gradWeights.length > 0) throw new Error('gradWeights stayed with the output');
      if (often.some((count) => count !== 1)) throw new Error(`rows came ${often.join()} times`);
      requireSameBits('gradWeights', rows, whole.gradWeights);
      requireSameBits('gradEmbeddings', output.gradEmbeddings, whole.gradEmbeddings);
      requireSameBits('losses', output.losses, whole.losses);
      if (!measures) continue;
      const expected = Math.hypot(...whole.gradWeights);
      requireClose('norm', [norm ?? Number.NaN], [expected], 1e-6 * expected);
    }
  },
);

interface Taken {
  readonly output: HeadOutput;
  readonly rows: FloatArray;
  readonly norm: number | undefined;
  /** How often each row came. */
  readonly often: Uint8Array;
}

/** A step whose taker spoils each row of W as soon as it may. */
async function taken(
  input: HeadInput,
  measures: boolean,
  step: (input: HeadInput) => Promise<HeadOutput>,
): Promise<Taken> {
  const { dim } = input;
  const weights = input.weights.slice();
  const rows = new Float64Array(weights.length);
  const often = new Uint8Array(weights.length / dim);
  let norm: number | undefined;
  const output = await step({
    ...input,
    weights,
    gradientTaker: {
      ...(measures
        ? {
            begin(value: number) {
              norm = value;
            },
          }
        : {}),
      take({ first, values }) {
        if (measures && norm === undefined) throw new Error('rows came before their norm');
        rows.set(values, first * dim);
        weights.fill(7, first * dim, first * dim + values.length);
        for (let row = first; row < first + values.length / dim; row++) often[row]!++;
      },
    },
  });
  return { output, rows, norm, often };
}

export function requireSameBits(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (actual.length !== expected.length) throw new Error(`${what} has length ${actual.length}`);
  for (let i = 0; i < expected.length; i++)
    if (!Object.is(actual[i], expected[i]) && !(actual[i] === 0 && expected[i] === 0))
      throw new Error(`${what}[${i}] = ${actual[i]}, expected the bits of ${expected[i]}`);
}
