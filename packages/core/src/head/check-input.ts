import { NonFiniteError, OptionOutOfRangeError, ShapeMismatchError } from '../errors/errors.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { checkState, type LossState } from '../state/loss-state.ts';
import type { Mode } from '../weighting/sample-weighting.ts';
import { checkLabels } from './check-labels.ts';
import type { HeadInput } from './contract.ts';
import { NO_TARGET } from './phases/target-points.ts';

/** A batch whose shapes, labels and state have been checked, with every default filled in. */
export interface CheckedInput {
  readonly batch: number;
  readonly classes: number;
  readonly dim: number;
  /** K, rows of W a class. */
  readonly subCenters: number;
  readonly labels: Int32Array;
  readonly sampleWeights: Float64Array;
  readonly sampleKeys: ArrayLike<number>;
  readonly state: LossState;
  readonly mode: Mode;
}

export interface CheckOptions {
  /** Also look at every number of X, W and b. Default true. */
  readonly checkFinite?: boolean;
  /** The caller looks at W itself. Default false. */
  readonly checksWeights?: boolean;
  /** A label may be −1, and there may be no class at all: they are on other shards. Default false. */
  readonly sharded?: boolean;
  /** K, rows of W a class. Default 1. */
  readonly subCenters?: number;
  /** All logits are wanted, too. Default false. */
  readonly inspect?: boolean;
}

/**
 * Checks one batch before anything is computed.
 *
 * @throws ShapeMismatchError, LabelOutOfRangeError, NonFiniteError, OptionOutOfRangeError, StateMismatchError
 */
export function checkInput(
  loss: MarginLoss,
  input: HeadInput,
  {
    checkFinite = true,
    checksWeights = false,
    sharded = false,
    subCenters = 1,
    inspect = false,
  }: CheckOptions = {},
): CheckedInput {
  const { dim, embeddings, weights, bias, sampleWeights, sampleKeys, draws, mode = 'train' } = input;
  const batch = input.labels.length;
  if (!Number.isInteger(dim) || dim < 1) throw new ShapeMismatchError(`dim = ${dim}`, 'an integer ≥ 1');
  if (batch === 0) throw new ShapeMismatchError('labels of length 0', 'at least one sample');
  requireLength('embeddings', embeddings.length, batch * dim, `[${batch}, ${dim}] for ${batch} labels`);
  const classes = weights.length / (dim * subCenters);
  if (!Number.isInteger(classes) || classes < (sharded ? 0 : 1)) {
    const rows = subCenters === 1 ? 'classes' : `classes · ${subCenters}`;
    throw new ShapeMismatchError(
      `weights of length ${weights.length}`,
      `[${rows}, ${dim}], a multiple of ${dim * subCenters}, at least one class`,
      subCenters === 1 ? undefined : `pass ${subCenters} class centers a class, one class after the other.`,
    );
  }
  const biasLength = loss.bias?.of === 'all classes' ? 1 : classes;
  if (loss.bias && bias === undefined)
    throw new ShapeMismatchError('no bias', `bias [${biasLength}] for ${loss.name}`);
  const checkVector = (
    name: string,
    values: ArrayLike<number> | undefined,
    length: number,
    taken: boolean,
  ): void => {
    if (values === undefined) return;
    if (!taken) {
      throw new ShapeMismatchError(
        `${name} of length ${values.length}`,
        `no ${name} for ${loss.name}`,
        `leave ${name} out.`,
      );
    }
    requireLength(name, values.length, length, `[${length}]`);
  };
  checkVector('bias', bias, biasLength, loss.bias !== undefined);
  checkVector('sampleWeights', sampleWeights, batch, true);
  checkVector('sampleKeys', sampleKeys, batch, true);
  checkVector('draws', draws, batch, loss.draws !== undefined);
  checkVector('gradWeights', input.gradWeights, weights.length, true);
  if (mode !== 'train' && mode !== 'eval') throw new OptionOutOfRangeError('mode', mode, '"train" or "eval"');

  if (input.gradientTaker !== undefined) {
    const rest = 'beside a gradientTaker, which may change W';
    if (inspect) throw new OptionOutOfRangeError('inspect', true, `false ${rest}`);
    if (input.sharedTiles !== undefined)
      throw new OptionOutOfRangeError('sharedTiles', 'given', `none ${rest}`);
  }

  const labels = checkLabels(input.labels, classes, dim, sharded ? NO_TARGET : 0);
  if (checkFinite) {
    requireFiniteTensor('embeddings', embeddings);
    if (!checksWeights) requireFiniteTensor('weights', weights);
    if (bias !== undefined) requireFiniteTensor('bias', bias);
  }
  if (draws !== undefined) requireFiniteTensor('draws', draws);
  return {
    batch,
    classes,
    dim,
    subCenters,
    labels,
    sampleWeights: checkSampleWeights(sampleWeights, batch),
    sampleKeys: checkSampleKeys(sampleKeys, batch),
    state: checkState(loss, input.state, input.step),
    mode,
  };
}

/** Throws NonFiniteError at the first number that is not finite. */
export function requireFiniteTensor(name: string, values: ArrayLike<number>): void {
  if (values instanceof Float32Array ? finite32(values) : values instanceof Float64Array && finite64(values))
    return;
  for (let i = 0; i < values.length; i++) {
    // x − x is 0 for finite x only.
    if (values[i]! - values[i]! !== 0) throw new NonFiniteError(name, i, values[i]!);
  }
}

/** Whether all numbers are finite: without a branch a number, and of one kind of array, which is several times as fast. */
function finite32(values: Float32Array): boolean {
  const even = values.length & ~1;
  let [a, b] = [0, 0];
  for (let i = 0; i < even; i += 2) {
    a += values[i]! - values[i]!;
    b += values[i + 1]! - values[i + 1]!;
  }
  return a + b === 0 && (even === values.length || Number.isFinite(values[even]));
}

/** {@link finite32} */
function finite64(values: Float64Array): boolean {
  const even = values.length & ~1;
  let [a, b] = [0, 0];
  for (let i = 0; i < even; i += 2) {
    a += values[i]! - values[i]!;
    b += values[i + 1]! - values[i + 1]!;
  }
  return a + b === 0 && (even === values.length || Number.isFinite(values[even]));
}

function requireLength(name: string, given: number, expected: number, shape: string): void {
  if (given !== expected)
    throw new ShapeMismatchError(`${name} of length ${given}`, `${shape}, length ${expected}`);
}

function checkSampleWeights(given: ArrayLike<number> | undefined, batch: number): Float64Array {
  if (given === undefined) return new Float64Array(batch).fill(1);
  for (let i = 0; i < batch; i++) {
    if (!(given[i]! >= 0 && given[i]! < Number.POSITIVE_INFINITY)) {
      throw new OptionOutOfRangeError(
        `sampleWeights[${i}]`,
        given[i],
        'a finite weight ≥ 0',
        'give a weight of 0 to leave a sample out.',
      );
    }
  }
  return Float64Array.from(given);
}

function checkSampleKeys(given: ArrayLike<number> | undefined, batch: number): ArrayLike<number> {
  if (given === undefined) return Float64Array.from({ length: batch }, (_, i) => i);
  for (let i = 0; i < batch; i++) {
    if (!Number.isSafeInteger(given[i])) {
      throw new OptionOutOfRangeError(
        `sampleKeys[${i}]`,
        given[i],
        'an integer',
        'give each sample its index in the data.',
      );
    }
  }
  return given;
}
