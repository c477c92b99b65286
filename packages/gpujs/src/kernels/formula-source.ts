import { hardMask, type MarginLoss, type Node, toJavaScript, traceFormula } from '@cf/core';

/** What a kernel may ask of one negative: N, its slope, and the two masks of the diagnostics. */
export type OtherOutput = 'value' | 'dCos' | 'hard' | 'emphasised';

/** A loss's formula for the negatives, as lines of a kernel. */
export interface FormulaSource {
  /** The row values that the lines read beside `cos` and `pivot`: their names there, their places in `loss.rows`. */
  readonly rows: readonly { readonly name: string; readonly index: number }[];
  readonly lines: readonly string[];
  /** Output → the name or literal that holds it. */
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Reads `loss.other` into source, with only the steps that the wanted outputs need. Row values are renamed
 * (`row0`, …): a loss may call them anything.
 */
export function otherSource(loss: MarginLoss, wanted: readonly OtherOutput[]): FormulaSource {
  const rowNames = loss.rows.map((_, index) => `row${index}`);
  const traced = traceFormula<string>(['cos', 'pivot', ...rowNames], (ops, inputs) => {
    const cos = inputs.cos!;
    const pivot = inputs.pivot!;
    const row = Object.fromEntries(loss.rows.map((name, index) => [name, inputs[rowNames[index]!]!]));
    const { value, dCos } = loss.other(ops, cos, pivot, row);
    const all: Record<OtherOutput, Node> = {
      value,
      dCos,
      hard: hardMask(ops, cos, pivot),
      emphasised: ops.greater(value, cos),
    };
    return Object.fromEntries(wanted.map((name) => [name, all[name]]));
  });
  const { lines, outputs } = toJavaScript(traced);
  const read = new Set(traced.steps.flatMap((step) => (step.op === 'input' ? [step.name] : [])));
  const rows = rowNames.map((name, index) => ({ name, index })).filter(({ name }) => read.has(name));
  return { rows, lines, outputs };
}
