import { CfError } from './cf-error.ts';
import { nearestName, nearestNames } from './nearest-name.ts';
import { printable } from './printable.ts';

/** `E_SHAPE`: an array's length or a dimension does not fit the others. */
export class ShapeMismatchError extends CfError {
  constructor(
    given: string,
    expected: string,
    fix = 'pass row-major embeddings [batch, dim], weights [classes, dim], labels [batch].',
  ) {
    super('ShapeMismatchError', 'E_SHAPE', { given, expected, fix });
  }
}

/** `E_LABEL_RANGE`: a label is not an integer in [0, classes). */
export class LabelOutOfRangeError extends CfError {
  /** Position of the first bad label in the batch. */
  readonly index: number;
  readonly value: unknown;

  constructor(index: number, value: unknown, classes: number, dim: number) {
    const isName = typeof value === 'string';
    const isInteger = Number.isInteger(value) || typeof value === 'bigint';
    super('LabelOutOfRangeError', 'E_LABEL_RANGE', {
      given: `labels[${index}] = ${isName ? `'${printable(value)}'` : String(value)}`,
      expected: `${isInteger ? '' : 'an integer, '}0 ≤ label < ${classes} (classes of weights [${classes}, ${dim}])`,
      fix: isName ? 'number the names with buildLabelMap().' : 'remap identities with buildLabelMap().',
    });
    this.index = index;
    this.value = value;
  }
}

/** `E_NON_FINITE`: a tensor that must be finite holds NaN or an infinity. */
export class NonFiniteError extends CfError {
  /** Name of the tensor, as in the documentation. */
  readonly tensor: string;
  /** First bad position, in row-major order. */
  readonly index: number;

  constructor(
    tensor: string,
    index: number,
    value: number,
    fix = 'find where the value comes from; too high a learning rate is the usual cause.',
  ) {
    super('NonFiniteError', 'E_NON_FINITE', {
      given: `${tensor}[${index}] = ${value}`,
      expected: 'a finite number',
      fix,
    });
    this.tensor = tensor;
    this.index = index;
  }
}

/** `E_OPTION_RANGE`: an option (margin, scale, t, alpha …) is outside its range. */
export class OptionOutOfRangeError extends CfError {
  readonly option: string;

  constructor(
    option: string,
    value: unknown,
    expected: string,
    fix = `choose ${option} within its range; the presets are a good start.`,
  ) {
    super('OptionOutOfRangeError', 'E_OPTION_RANGE', { given: `${option} = ${show(value)}`, expected, fix });
    this.option = option;
  }
}

/** `E_UNKNOWN_NAME`: a name (of a loss, an option, a backend …) that is not in its list; the nearest one is suggested. */
export class UnknownNameError extends CfError {
  /** The nearest known name, where one is near. */
  readonly nearest: string | undefined;

  /** @param whole where all names are told, since of many only the nearest are listed here */
  constructor(kind: string, given: string, known: readonly string[], whole?: string) {
    const nearest = nearestName(given, known);
    super('UnknownNameError', 'E_UNKNOWN_NAME', {
      given: `${kind} '${given}'`,
      expected: known.length === 0 ? 'none' : `one of ${listed(given, known, whole)}`,
      fix: nearest === undefined ? 'use one of these names.' : `did you mean '${nearest}'?`,
    });
    this.nearest = nearest;
  }
}

/** `E_BACKEND`: a backend that was asked for by name can't run here, or is used after its disposal. Nothing takes its place. */
export class BackendError extends CfError {
  constructor(given: string, expected: string, fix: string, cause?: unknown) {
    super('BackendError', 'E_BACKEND', { given, expected, fix, cause });
  }
}

/** `E_STATE_MISMATCH`: the state handed in belongs to another loss, or lacks a value. */
export class StateMismatchError extends CfError {
  constructor(
    given: string,
    expected: string,
    fix = 'start from initialState(loss), or load the state that was saved with this loss.',
  ) {
    super('StateMismatchError', 'E_STATE_MISMATCH', { given, expected, fix });
  }
}

function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'number' ? String(value) : (JSON.stringify(value, bigintAsText) ?? String(value));
}

/** JSON has none. */
function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

const LISTED = 30;
const NEAREST = 5;

function listed(given: string, names: readonly string[], whole: string | undefined): string {
  if (names.length <= LISTED) return names.join(', ');
  const where = whole === undefined ? '' : `: ${whole}`;
  return `${nearestNames(given, names, NEAREST).join(', ')} … (${names.length} in all${where})`;
}
