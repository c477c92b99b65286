import { type MarginLoss, negativeSumNames } from '@cf/core';
import { SAMPLE_COLUMNS } from '../sample-columns.ts';
import { biasPlace } from './bias-place.ts';
import { FACTOR_COLUMNS } from './exponent-kernels.ts';
import { type NegativeInput, type NegativeOutput, negativeSource } from './formula-source.ts';
import { COLUMN, type KernelSource, kernelText, LARGEST, loop, ROW } from './kernel-source.ts';

/** Classes that one thread of a statistic looks at; the results of all chunks are merged afterwards. */
export const CHUNK = 64;

/**
 * Kernels (cosines, samples[, bias]) that look at every negative of a tile; the target counts as nothing. The bias is among
 * them where a binary objective has one. Those that want g = ∂loss/∂logit take {@link FACTOR_COLUMNS} after them. Cosines
 * are [classes, B]; statistics are one entry a chunk of {@link CHUNK} classes and sample: [chunks, B].
 */
export interface NegativeKernels {
  /** The largest logit z. */
  readonly largest: KernelSource;
  /** (…, largest) → Σ_j e^{z_ij − largest}; 0 where a chunk holds no negative. */
  readonly sums: KernelSource;
  /** Σ_j of what `negativeSumNames` names, by name. */
  readonly negativeSums: Readonly<Record<string, KernelSource>>;
  /** Of the hard negatives: [their number, number of those that are emphasised, least slope ∂N/∂cos, largest]. */
  readonly hardNegatives: KernelSource;
  /** Σ_j g_ij·N_ij. */
  readonly norm: KernelSource;
  /** ∂loss/∂cos θ_ij: [classes, B]. */
  readonly slopes: KernelSource;
  /** ∂loss/∂b_j: [classes]. */
  readonly bias: KernelSource;
  /** z_ij: [classes, B]. */
  readonly logits: KernelSource;
  /** g_ij: [classes, B]. */
  readonly gradLogits: KernelSource;
}

/** Lines that read the wanted outputs, by name. */
type Lines = (outputs: Readonly<Record<string, string>>) => readonly string[];

/** How a statistic of a chunk starts, what it comes to, and which arguments it takes besides. */
interface ChunkOptions {
  readonly start?: readonly string[];
  readonly result?: string;
  readonly more?: readonly string[];
}

/** Writes the kernels of a loss: formulas come from it, what is written here is sums and indices. */
export function negativeKernels(loss: MarginLoss): NegativeKernels {
  const parameters = ['cosines', 'samples', ...(biasPlace(loss) === 'logit' ? ['bias'] : [])];
  const source = (
    name: string,
    body: readonly string[],
    output: KernelSource['output'],
    more: readonly string[] = [],
  ): KernelSource => ({ name, text: kernelText([...parameters, ...more], body), output });

  const perPair = (name: string, wanted: NegativeOutput, more: readonly string[] = []): KernelSource => {
    const lines = negative(loss, [wanted], COLUMN, ROW, (of) => [`result = ${of[wanted]};`]);
    const body = ['let result = 0;', ...lines, 'return result;'];
    return source(name, body, ({ batch, classes }) => [batch!, classes!], more);
  };
  const perChunk = (
    name: string,
    wanted: readonly NegativeOutput[],
    lines: Lines,
    { start = ['let result = 0;'], result = 'result', more = [] }: ChunkOptions = {},
  ): KernelSource => {
    const overChunk = loop('c', 'chunk', [
      `const j = ${ROW} * this.constants.chunk + c;`,
      'if (j < this.constants.classes) {',
      ...negative(loss, wanted, COLUMN, 'j', lines).map((line) => `  ${line}`),
      '}',
    ]);
    const output: KernelSource['output'] = ({ batch, classes, chunk }) => [
      batch!,
      Math.ceil(classes! / chunk!),
    ];
    return source(name, [...start, ...overChunk, `return ${result};`], output, more);
  };
  const sumOver = (name: string, wanted: NegativeOutput, more: readonly string[] = []): KernelSource =>
    perChunk(name, [wanted], (of) => [`result += ${of[wanted]};`], { more });

  return {
    largest: perChunk('largest', ['logit'], ({ logit }) => [`result = Math.max(result, ${logit});`], {
      start: [`let result = ${-LARGEST};`],
    }),
    sums: perChunk('sums', ['logit'], ({ logit }) => [`result += Math.exp(${logit} - top);`], {
      start: [`const top = largest[${ROW}][${COLUMN}];`, 'let result = 0;'],
      more: ['largest'],
    }),
    negativeSums: Object.fromEntries(
      negativeSumNames(loss).map((name) => [name, sumOver(`sum of ${name}`, `sum of ${name}`)]),
    ),
    hardNegatives: perChunk(
      'hardNegatives',
      ['hard', 'emphasised', 'dCos'],
      ({ hard, emphasised, dCos }) => [
        `if (${hard}) {`,
        '  count += 1;',
        `  least = Math.min(least, ${dCos});`,
        `  most = Math.max(most, ${dCos});`,
        `  if (${emphasised}) { heavier += 1; }`,
        '}',
      ],
      {
        start: ['let count = 0;', 'let heavier = 0;', `let least = ${LARGEST};`, `let most = ${-LARGEST};`],
        result: '[count, heavier, least, most]',
      },
    ),
    norm: sumOver('norm', 'radial', ['factors']),
    slopes: perPair('slopes', 'slope', ['factors']),
    bias: source(
      'bias',
      [
        'let result = 0;',
        ...loop(
          'i',
          'batch',
          negative(loss, ['bias'], 'i', COLUMN, ({ bias }) => [`result += ${bias};`]),
        ),
        'return result;',
      ],
      ({ classes }) => [classes!],
      ['factors'],
    ),
    logits: perPair('logits', 'logit'),
    gradLogits: perPair('gradLogits', 'gradient', ['factors']),
  };
}

/** Lines that run where class j of the tile is not sample i's own, with the wanted outputs of the formulas at hand. */
function negative(
  loss: MarginLoss,
  wanted: readonly NegativeOutput[],
  i: string,
  j: string,
  lines: Lines,
): string[] {
  const { inputs, sampleValues, ...formula } = negativeSource(loss, wanted);
  const sample = (column: number): string => `samples[${i}][${column}]`;
  const places: Readonly<Record<NegativeInput, string>> = {
    cos: `cosines[${j}][${i}]`,
    classBias: `bias[${j}]`,
    pivot: sample(SAMPLE_COLUMNS.pivot),
    scale: sample(SAMPLE_COLUMNS.scale),
    shift: `factors[${i}][${FACTOR_COLUMNS.shift}]`,
    factor: `factors[${i}][${FACTOR_COLUMNS.factor}]`,
    share: `factors[${i}][${FACTOR_COLUMNS.share}]`,
  };
  const body = [
    ...inputs.map((name) => `const ${name} = ${places[name as NegativeInput]};`),
    ...sampleValues.map(
      ({ name, index }) => `const ${name} = ${sample(SAMPLE_COLUMNS.sampleValues + index)};`,
    ),
    ...formula.lines,
    ...lines(formula.outputs),
  ];
  return [`if (${j} !== ${sample(SAMPLE_COLUMNS.own)}) {`, ...body.map((line) => `  ${line}`), '}'];
}
