import { hardMask, type MarginLoss, type Node, type TensorOps, toJavaScript, traceFormula } from '@cf/core';

/** What a kernel may ask of one negative: N, its slope, and the two masks of the diagnostics. */
export type NegativeOutput = 'value' | 'dCos' | 'hard' | 'emphasised';

/** What a kernel may ask of one target: T, its slope in the cosine, and what negatives are compared with. */
export type TargetOutput = 'value' | 'dCos' | 'pivot';

/** A formula of a loss, as lines of a kernel. */
export interface FormulaSource {
  /** The sample values that the lines read beside the formula's own arguments: their names there, their places in `loss.sampleValueNames`. */
  readonly sampleValues: readonly { readonly name: string; readonly index: number }[];
  readonly lines: readonly string[];
  /** Output → the name or literal that holds it. */
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Reads `loss.negative` into source over `cos` and `pivot`, with only the steps that the wanted outputs need. Sample values are
 * renamed (`sample0`, …): a loss may call them anything.
 */
export function negativeSource(loss: MarginLoss, wanted: readonly NegativeOutput[]): FormulaSource {
  return formulaSource(loss, ['cos', 'pivot'], (ops, { cos, pivot }, sample) => {
    const { value, dCos } = loss.negative(ops, cos!, pivot!, sample);
    const all: Record<NegativeOutput, Node> = {
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
  return formulaSource(loss, ['cos', 'sin', 'norm'], (ops, { cos, sin, norm }, sample) => ({
    [wanted]: loss.target(ops, { cos: cos!, sin: sin!, norm: norm! }, sample)[wanted],
  }));
}

type Formula = (
  ops: TensorOps<Node, Node>,
  inputs: Readonly<Record<string, Node>>,
  sample: Readonly<Record<string, Node>>,
) => Readonly<Record<string, Node>>;

function formulaSource(loss: MarginLoss, names: readonly string[], formula: Formula): FormulaSource {
  const sampleValueNames = loss.sampleValueNames.map((_, index) => `sample${index}`);
  const traced = traceFormula<string>([...names, ...sampleValueNames], (ops, inputs) =>
    formula(
      ops,
      inputs,
      Object.fromEntries(
        loss.sampleValueNames.map((name, index) => [name, inputs[sampleValueNames[index]!]!]),
      ),
    ),
  );
  const { lines, outputs } = toJavaScript(traced);
  const read = new Set(traced.steps.flatMap((step) => (step.op === 'input' ? [step.name] : [])));
  const sampleValues = sampleValueNames
    .map((name, index) => ({ name, index }))
    .filter(({ name }) => read.has(name));
  return { sampleValues, lines, outputs };
}
