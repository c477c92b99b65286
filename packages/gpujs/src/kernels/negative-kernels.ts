import type { MarginLoss } from '@cf/core';
import { SAMPLE_COLUMNS } from '../samples.ts';
import { type OtherOutput, otherSource } from './formula-source.ts';
import { COLUMN, type KernelSource, kernelText, LARGEST, loop, ONLY, ROW } from './kernel-source.ts';

/** Kernels (cosines, samples) that look at every negative of a tile; the target counts as nothing. */
export interface NegativeKernels {
  /** The largest logit: [B]. */
  readonly largestLogit: KernelSource;
  /** Σ_j e^{z_ij − shift_i}: [B]. */
  readonly sumOfExponentials: KernelSource;
  /** Number of hard negatives: [B]. */
  readonly hardCount: KernelSource;
  /** Number of those whose logit is raised: [B]. */
  readonly emphasisedCount: KernelSource;
  /** Least slope ∂N/∂cos over the hard negatives: [B]. */
  readonly leastSlope: KernelSource;
  /** Largest slope ∂N/∂cos over the hard negatives: [B]. */
  readonly largestSlope: KernelSource;
  /** ∂loss/∂cos θ_ij: [B, classes]. */
  readonly slopes: KernelSource;
  /** Σ_j g_ij·N_ij, g = ∂loss/∂logit: [B]. */
  readonly norm: KernelSource;
  /** Σ_i g_ij: [classes]. */
  readonly bias: KernelSource;
  /** z_ij: [B, classes]. */
  readonly logits: KernelSource;
  /** g_ij: [B, classes]. */
  readonly gradLogits: KernelSource;
}

/** Names that the lines of one kernel may use. */
type Names = Readonly<Record<OtherOutput | 'logit' | 'gradient', string>>;
type Lines = (names: Names) => readonly string[];

/** Writes the kernels of a loss: formulas come from `loss.other`, what is written here is sums and indices. */
export function negativeKernels(loss: MarginLoss): NegativeKernels {
  const overClasses = (
    name: string,
    wanted: readonly OtherOutput[],
    lines: Lines,
    initial = 0,
  ): KernelSource => {
    const body = loop('j', 'classes', initial, negative(loss, wanted, ONLY, 'j', lines));
    return source(name, body, 'batch');
  };
  const overSamples = (name: string, wanted: readonly OtherOutput[], lines: Lines): KernelSource =>
    source(name, loop('i', 'batch', 0, negative(loss, wanted, 'i', ONLY, lines)), 'classes');
  const perPair = (name: string, wanted: readonly OtherOutput[], lines: Lines): KernelSource =>
    source(name, ['let result = 0;', ...negative(loss, wanted, ROW, COLUMN, lines)], 'batch × classes');

  return {
    largestLogit: overClasses(
      'largestLogit',
      ['value'],
      ({ logit }) => [`result = Math.max(result, ${logit});`],
      -LARGEST,
    ),
    sumOfExponentials: overClasses('sumOfExponentials', ['value'], ({ logit }) => [
      `result += Math.exp(${logit} - shift);`,
    ]),
    hardCount: overClasses('hardCount', ['hard'], ({ hard }) => [`if (${hard}) { result += 1; }`]),
    emphasisedCount: overClasses('emphasisedCount', ['hard', 'emphasised'], ({ hard, emphasised }) => [
      `if (${hard} && ${emphasised}) { result += 1; }`,
    ]),
    leastSlope: overClasses(
      'leastSlope',
      ['hard', 'dCos'],
      ({ hard, dCos }) => [`if (${hard}) { result = Math.min(result, ${dCos}); }`],
      LARGEST,
    ),
    largestSlope: overClasses(
      'largestSlope',
      ['hard', 'dCos'],
      ({ hard, dCos }) => [`if (${hard}) { result = Math.max(result, ${dCos}); }`],
      -LARGEST,
    ),
    slopes: {
      ...perPair('slopes', ['value', 'dCos'], ({ gradient, dCos }) => [
        `result = scale * ${gradient} * ${dCos};`,
      ]),
      resident: true,
    },
    norm: overClasses('norm', ['value'], ({ gradient, value }) => [`result += ${gradient} * ${value};`]),
    bias: overSamples('bias', ['value'], ({ gradient }) => [`result += ${gradient};`]),
    logits: perPair('logits', ['value'], ({ logit }) => [`result = ${logit};`]),
    gradLogits: perPair('gradLogits', ['value'], ({ gradient }) => [`result = ${gradient};`]),
  };
}

function source(name: string, body: readonly string[], output: KernelSource['output']): KernelSource {
  const text = kernelText(['cosines', 'samples'], [...body, 'return result;']);
  return { name, text, output, resident: false };
}

/** Lines that run where class j of the tile is not sample i's own, with the wanted outputs of the formula at hand. */
function negative(
  loss: MarginLoss,
  wanted: readonly OtherOutput[],
  i: string,
  j: string,
  lines: Lines,
): string[] {
  const formula = otherSource(loss, wanted);
  const sample = (column: number): string => `samples[${i}][${column}]`;
  const names = {
    ...(formula.outputs as Record<OtherOutput, string>),
    logit: `(scale * ${formula.outputs.value})`,
    gradient: `(factor * Math.exp(scale * ${formula.outputs.value} - shift))`,
  };
  const body = [
    `const cos = cosines[${i}][${j}];`,
    ...formula.rows.map(({ name, index }) => `const ${name} = ${sample(SAMPLE_COLUMNS.rows + index)};`),
    ...formula.lines,
    ...lines(names),
  ];
  const columns = (['scale', 'pivot', 'shift', 'factor'] as const)
    .filter((name) => body.some((line) => new RegExp(`\\b${name}\\b`).test(line)))
    .map((name) => `const ${name} = ${sample(SAMPLE_COLUMNS[name])};`);
  return [
    `if (${j} !== ${sample(SAMPLE_COLUMNS.own)}) {`,
    ...[...columns, ...body].map((line) => `  ${line}`),
    '}',
  ];
}
