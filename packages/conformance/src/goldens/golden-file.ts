import { CfError } from '@cf/core';

/** One step of a case: what goes in, what the authors' code gave. Arrays are flat and row-major. */
export interface GoldenStep {
  /** [B]. */
  readonly labels: readonly number[];
  /** [B, d]. */
  readonly embeddings: readonly number[];
  /** [C, d], or [C·K, d] where the parameters have subCenters. */
  readonly weights: readonly number[];
  /** [C], or [1] where all classes share it. */
  readonly bias?: readonly number[];
  /** Margins drawn: [B]. */
  readonly draws?: readonly number[];
  /** [B, C]. */
  readonly logits: readonly number[];
  /** [B]. */
  readonly losses?: readonly number[];
  readonly regulariser?: number;
  readonly loss: number;
  readonly gradEmbeddings: readonly number[];
  readonly gradWeights: readonly number[];
  readonly gradBias?: readonly number[];
  readonly stateAfter?: Readonly<Record<string, number>>;
}

/** A loss with its parameters on one problem; its steps share one running state. */
export interface GoldenCase {
  readonly id: string;
  readonly loss: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly regime: string;
  readonly batch: number;
  readonly dim: number;
  readonly classes: number;
  readonly steps: readonly GoldenStep[];
}

export interface GoldenFile {
  readonly cases: readonly GoldenCase[];
}

const FORMAT = 'write the file as the README of @cf/conformance describes.';

/** `E_GOLDENS`: a file of golden values is not in the format. */
export class GoldenFormatError extends CfError {
  constructor(given: string, expected: string, cause?: unknown, fix: string = FORMAT) {
    super('GoldenFormatError', 'E_GOLDENS', {
      given,
      expected,
      fix,
      cause,
    });
  }
}

const CASE_FIELDS = ['id', 'loss', 'params', 'regime', 'batch', 'dim', 'classes', 'source', 'note', 'steps'];
const REQUIRED_FIELDS = [
  'labels',
  'embeddings',
  'weights',
  'logits',
  'loss',
  'gradEmbeddings',
  'gradWeights',
];
const SCALAR_FIELDS = ['loss', 'regulariser'];

/**
 * Reads a file of golden values and checks it whole: every field of a case known, every array of the length that batch, dim
 * and classes ask for.
 *
 * @param text JSON.
 * @throws GoldenFormatError naming the case and the field
 */
export function parseGoldens(text: string, source = 'goldens'): GoldenFile {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new GoldenFormatError(`${source}, which is not JSON`, 'a JSON file', cause);
  }
  const file = requireObject(data, source);
  if (file.format !== 1)
    throw new GoldenFormatError(`${source} of format ${JSON.stringify(file.format)}`, 'format 1');
  if (!Array.isArray(file.cases) || file.cases.length === 0) {
    throw new GoldenFormatError(`${source} with no cases`, 'a list of at least one case under "cases"');
  }
  return { cases: file.cases.map((entry: unknown, index) => parseCase(entry, `${source}: case ${index}`)) };
}

function parseCase(entry: unknown, where: string): GoldenCase {
  const given = requireObject(entry, where);
  const name = typeof given.id === 'string' ? `${where} (${given.id})` : where;
  requireKnown(given, CASE_FIELDS, name);
  for (const field of ['id', 'loss']) {
    if (typeof given[field] !== 'string')
      throw new GoldenFormatError(`${name} without ${field}`, `a ${field} of text`);
  }
  for (const field of ['batch', 'dim', 'classes']) {
    if (!Number.isInteger(given[field]) || (given[field] as number) < 1) {
      throw new GoldenFormatError(`${name}: ${field} = ${JSON.stringify(given[field])}`, 'an integer ≥ 1');
    }
  }
  requireObject(given.params, `${name}: params`);
  if (!Array.isArray(given.steps) || given.steps.length === 0) {
    throw new GoldenFormatError(`${name} without steps`, 'at least one step');
  }
  const { batch, dim, classes, params } = given as unknown as GoldenCase;
  const rows = classes * subCentersOf(params);
  const lengths: Lengths = {
    labels: batch,
    embeddings: batch * dim,
    weights: rows * dim,
    bias: [classes, 1],
    draws: batch,
    logits: batch * classes,
    losses: batch,
    gradEmbeddings: batch * dim,
    gradWeights: rows * dim,
    gradBias: [classes, 1],
  };
  for (const [index, step] of given.steps.entries()) checkStep(step, lengths, `${name}, step ${index}`);
  return given as unknown as GoldenCase;
}

/** Numbers in each array; one of two where either will do. */
type Lengths = Readonly<Record<string, number | readonly number[]>>;

/** K of a case: class centers a class. */
export function subCentersOf({ subCenters = 1 }: GoldenCase['params']): number {
  return Number.isInteger(subCenters) ? (subCenters as number) : 1;
}

function checkStep(entry: unknown, lengths: Lengths, where: string): void {
  const step = requireObject(entry, where);
  requireKnown(step, [...Object.keys(lengths), ...SCALAR_FIELDS, 'stateAfter'], where);
  for (const field of REQUIRED_FIELDS) {
    if (step[field] === undefined) throw new GoldenFormatError(`${where} without ${field}`, `a ${field}`);
  }
  for (const [field, length] of Object.entries(lengths)) {
    const values = step[field];
    if (values === undefined) continue;
    const allowed = typeof length === 'number' ? [length] : length;
    if (!Array.isArray(values) || !allowed.includes(values.length) || !values.every(Number.isFinite)) {
      throw new GoldenFormatError(
        `${where}: ${field} [${Array.isArray(values) ? values.length : typeof values}]`,
        `${allowed.join(' or ')} finite numbers`,
      );
    }
  }
  for (const field of SCALAR_FIELDS) {
    if (step[field] !== undefined && !Number.isFinite(step[field])) {
      throw new GoldenFormatError(`${where}: ${field} = ${JSON.stringify(step[field])}`, 'a finite number');
    }
  }
  for (const [name, value] of Object.entries(
    step.stateAfter === undefined ? {} : requireObject(step.stateAfter, where),
  )) {
    if (!Number.isFinite(value))
      throw new GoldenFormatError(`${where}: stateAfter.${name} = ${value}`, 'a finite number');
  }
}

function requireObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new GoldenFormatError(`${where}: ${JSON.stringify(value)?.slice(0, 60)}`, 'an object');
}

function requireKnown(value: Record<string, unknown>, known: readonly string[], where: string): void {
  for (const field of Object.keys(value)) {
    if (!known.includes(field))
      throw new GoldenFormatError(`${where}: unknown field '${field}'`, `one of ${known.join(', ')}`);
  }
}
