import { hardMask, type MarginLoss, type Node, type TensorOps, toJavaScript, traceFormula } from '@cf/core';

/** What a kernel may ask of one negative: N, its slope, and the two masks of the diagnostics. */
export type OtherOutput = 'value' | 'dCos' | 'hard' | 'emphasised';

/** What a kernel may ask of one target: T, its slope in the cosine, and what negatives are compared with. */
export type TargetOutput = 'value' | 'dCos' | 'pivot';

/** A formula of a loss, as lines of a kernel. */
export interface FormulaSource {
  /** The row values that the lines read beside the formula's own arguments: their names there, their places in `loss.rows`. */
  readonly rows: readonly { readonly name: string; readonly index: number }[];
  readonly lines: readonly string[];
  /** Output → the name or literal that holds it. */
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Reads `loss.other` into source over `cos` and `pivot`, with only the steps that the wanted outputs need. Row values are
 * renamed (`row0`, …): a loss may call them anything.
 */
export function otherSource(loss: MarginLoss, wanted: readonly OtherOutput[]): FormulaSource {
  return formulaSource(loss, ['cos', 'pivot'], (ops, { cos, pivot }, row) => {
    const { value, dCos } = loss.other(ops, cos!, pivot!, row);
    const all: Record<OtherOutput, Node> = {
      value,
      dCos,
      hard: hardMask(ops, cos!, pivot!),
      emphasised: ops.greater(value, cos!),
    };
    return Object.fromEntries(wanted.map((name) => [name, all[name]]));
  });
}

/** Reads `loss.target` into source over `cos`, `sin` and `norm`. */
export function targetSource(loss: MarginLoss, wanted: TargetOutput): FormulaSource {
  return formulaSource(loss, ['cos', 'sin', 'norm'], (ops, { cos, sin, norm }, row) => ({
    [wanted]: loss.target(ops, { cos: cos!, sin: sin!, norm: norm! }, row)[wanted],
  }));
}

type Formula = (
  ops: TensorOps<Node, Node>,
  inputs: Readonly<Record<string, Node>>,
  row: Readonly<Record<string, Node>>,
) => Readonly<Record<string, Node>>;

function formulaSource(loss: MarginLoss, names: readonly string[], formula: Formula): FormulaSource {
  const rowNames = loss.rows.map((_, index) => `row${index}`);
  const traced = traceFormula<string>([...names, ...rowNames], (ops, inputs) =>
    formula(
      ops,
      inputs,
      Object.fromEntries(loss.rows.map((name, index) => [name, inputs[rowNames[index]!]!])),
    ),
  );
  const { lines, outputs } = toJavaScript(traced);
  const read = new Set(traced.steps.flatMap((step) => (step.op === 'input' ? [step.name] : [])));
  const rows = rowNames.map((name, index) => ({ name, index })).filter(({ name }) => read.has(name));
  return { rows, lines, outputs };
}
