import type { MarginLoss } from '@cf/core';
import { SAMPLE_COLUMNS } from '../samples.ts';
import { EXPONENT_COLUMNS } from './exponent-kernels.ts';
import { type NegativeOutput, negativeSource } from './formula-source.ts';
import { COLUMN, type KernelSource, kernelText, LARGEST, loop, ROW } from './kernel-source.ts';

/** Classes that one thread of a statistic looks at; the results of all chunks are merged afterwards. */
export const CHUNK = 64;

/**
 * Kernels (cosines, samples) that look at every negative of a tile; the target counts as nothing. Those that want
 * g = ∂loss/∂logit take {@link EXPONENT_COLUMNS} as a third argument. Cosines are [classes, B]; statistics are one entry a
 * chunk of {@link CHUNK} classes and sample: [chunks, B].
 */
export interface NegativeKernels {
  /** The largest logit z. */
  readonly largest: KernelSource;
  /** (cosines, samples, largest) → Σ_j e^{z_ij − largest}; 0 where a chunk holds no negative. */
  readonly sums: KernelSource;
  /** Of the hard negatives: [their number, number of those whose logit is raised, least slope ∂N/∂cos, largest]. */
  readonly hardNegatives: KernelSource;
  /** Σ_j g_ij·N_ij. */
  readonly norm: KernelSource;
  /** ∂loss/∂cos θ_ij: [classes, B]. */
  readonly slopes: KernelSource;
  /** Σ_i g_ij: [classes]. */
  readonly bias: KernelSource;
  /** z_ij: [classes, B]. */
  readonly logits: KernelSource;
  /** g_ij: [classes, B]. */
  readonly gradLogits: KernelSource;
}

/** Names that the lines of one kernel may use. */
type Names = Readonly<Record<NegativeOutput | 'logit' | 'gradient', string>>;
type Lines = (names: Names) => readonly string[];

/** How a statistic of a chunk starts, what it comes to, and which arguments it takes besides. */
interface ChunkOptions {
  readonly start?: readonly string[];
  readonly result?: string;
  readonly more?: readonly string[];
}

/** Writes the kernels of a loss: formulas come from `loss.negative`, what is written here is sums and indices. */
export function negativeKernels(loss: MarginLoss): NegativeKernels {
  const overChunk = (wanted: readonly NegativeOutput[], lines: Lines): string[] =>
    loop('c', 'chunk', [
      `const j = ${ROW} * this.constants.chunk + c;`,
      'if (j < this.constants.classes) {',
      ...negative(loss, wanted, COLUMN, 'j', lines).map((line) => `  ${line}`),
      '}',
    ]);
  const perPair = (
    name: string,
    wanted: readonly NegativeOutput[],
    lines: Lines,
    ...more: readonly string[]
  ): KernelSource => {
    const body = ['let result = 0;', ...negative(loss, wanted, COLUMN, ROW, lines), 'return result;'];
    return source(name, body, ({ batch, classes }) => [batch!, classes!], ...more);
  };
  const chunks: KernelSource['output'] = ({ batch, classes, chunk }) => [
    batch!,
    Math.ceil(classes! / chunk!),
  ];
  const perChunk = (
    name: string,
    wanted: readonly NegativeOutput[],
    lines: Lines,
    { start = ['let result = 0;'], result = 'result', more = [] }: ChunkOptions = {},
  ): KernelSource =>
    source(name, [...start, ...overChunk(wanted, lines), `return ${result};`], chunks, ...more);

  return {
    largest: perChunk('largest', ['value'], ({ logit }) => [`result = Math.max(result, ${logit});`], {
      start: [`let result = ${-LARGEST};`],
    }),
    sums: perChunk('sums', ['value'], ({ logit }) => [`result += Math.exp(${logit} - top);`], {
      start: [`const top = largest[${ROW}][${COLUMN}];`, 'let result = 0;'],
      more: ['largest'],
    }),
    hardNegatives: perChunk(
      'hardNegatives',
      ['hard', 'emphasised', 'dCos'],
      ({ hard, emphasised, dCos }) => [
        `if (${hard}) {`,
        '  count += 1;',
        `  least = Math.min(least, ${dCos});`,
        `  most = Math.max(most, ${dCos});`,
        `  if (${emphasised}) { raised += 1; }`,
        '}',
      ],
      {
        start: ['let count = 0;', 'let raised = 0;', `let least = ${LARGEST};`, `let most = ${-LARGEST};`],
        result: '[count, raised, least, most]',
      },
    ),
    norm: perChunk('norm', ['value'], ({ gradient, value }) => [`result += ${gradient} * ${value};`], {
      more: ['exponents'],
    }),
    slopes: perPair(
      'slopes',
      ['value', 'dCos'],
      ({ gradient, dCos }) => [`result = scale * ${gradient} * ${dCos};`],
      'exponents',
    ),
    bias: source(
      'bias',
      [
        'let result = 0;',
        ...loop(
          'i',
          'batch',
          negative(loss, ['value', 'dCos'], 'i', COLUMN, ({ gradient, dCos }) => [
            `result += scale * ${gradient} * ${dCos};`,
          ]),
        ),
        'return result;',
      ],
      ({ classes }) => [classes!],
      'exponents',
    ),
    logits: perPair('logits', ['value'], ({ logit }) => [`result = ${logit};`]),
    gradLogits: perPair('gradLogits', ['value'], ({ gradient }) => [`result = ${gradient};`], 'exponents'),
  };
}

/** A kernel of (cosines, samples) and `more`. */
function source(
  name: string,
  body: readonly string[],
  output: KernelSource['output'],
  ...more: readonly string[]
): KernelSource {
  return { name, text: kernelText(['cosines', 'samples', ...more], body), output };
}

/** Lines that run where class j of the tile is not sample i's own, with the wanted outputs of the formula at hand. */
function negative(
  loss: MarginLoss,
  wanted: readonly NegativeOutput[],
  i: string,
  j: string,
  lines: Lines,
): string[] {
  const formula = negativeSource(loss, wanted);
  const sample = (column: number): string => `samples[${i}][${column}]`;
  const names = {
    ...(formula.outputs as Record<NegativeOutput, string>),
    logit: `(scale * ${formula.outputs.value})`,
    gradient: `(factor * Math.exp(scale * ${formula.outputs.value} - shift))`,
  };
  const body = [
    `const cos = cosines[${j}][${i}];`,
    ...formula.sampleValues.map(
      ({ name, index }) => `const ${name} = ${sample(SAMPLE_COLUMNS.sampleValues + index)};`,
    ),
    ...formula.lines,
    ...lines(names),
  ];
  const places = {
    scale: sample(SAMPLE_COLUMNS.scale),
    pivot: sample(SAMPLE_COLUMNS.pivot),
    shift: `exponents[${i}][${EXPONENT_COLUMNS.shift}]`,
    factor: `exponents[${i}][${EXPONENT_COLUMNS.factor}]`,
  };
  const columns = Object.entries(places)
    .filter(([name]) => body.some((line) => new RegExp(`\\b${name}\\b`).test(line)))
    .map(([name, place]) => `const ${name} = ${place};`);
  return [
    `if (${j} !== ${sample(SAMPLE_COLUMNS.own)}) {`,
    ...[...columns, ...body].map((line) => `  ${line}`),
    '}',
  ];
}
