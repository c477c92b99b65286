import {
  type MarginLoss,
  requireChoice,
  requireClassValues,
  requireInteger,
  ShapeMismatchError,
  StateMismatchError,
} from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import type { TensorHeadInput } from './tensor-head-input.ts';

const SHAPES = 'pass embeddings [batch, dim], weights [classes, dim], labels [batch] (int32).';

/** A tensor holds neither bigint nor, as a number, a name. */
const LABELS_AS_TENSOR = "make one by tf.tensor1d(Int32Array.from(labels, Number), 'int32').";
export const NUMBER_NAMES = 'number the names with buildLabelMap().';

/**
 * Checks what is known of a batch without reading it: shapes, types, names.
 *
 * @throws ShapeMismatchError, OptionOutOfRangeError, StateMismatchError
 */
export function checkTensors(loss: MarginLoss, input: TensorHeadInput, subCenters: number): void {
  const { embeddings, weights, bias, labels, sampleWeights, draws, state, step, sampleKeys } = input;
  requireTensor('embeddings', embeddings, SHAPES);
  requireTensor('weights', weights, SHAPES);
  requireShape('embeddings', embeddings, ['batch ≥ 1', 'dim ≥ 1']);
  const [batch, dim] = embeddings.shape;
  const wanted = subCenters === 1 ? 'classes ≥ 1' : `${subCenters}·classes ≥ ${subCenters}`;
  requireShape('weights', weights, [wanted, dim]);
  const classes = weights.shape[0] / subCenters;
  if (!Number.isInteger(classes)) throw shapeError('weights', weights, [wanted, dim]);
  requireTensor('labels', labels, LABELS_AS_TENSOR);
  requireShape('labels', labels, [batch]);
  if (labels.dtype !== 'int32') {
    throw new ShapeMismatchError(
      `labels of type ${labels.dtype}`,
      'labels of type int32',
      labels.dtype === 'string' ? NUMBER_NAMES : "use tf.cast(labels, 'int32').",
    );
  }
  if ((loss.bias !== undefined) !== (bias !== undefined)) {
    const shape = loss.bias?.of === 'all classes' ? '[1]' : '[classes]';
    const [given, expected] = loss.bias ? ['no bias', `a bias ${shape}`] : ['a bias', 'no bias'];
    throw new ShapeMismatchError(
      given!,
      `${expected} for '${loss.name}'`,
      'give bias where the loss has one.',
    );
  }
  if (bias !== undefined) requireShape('bias', bias, [loss.bias?.of === 'all classes' ? 1 : classes]);
  requireClassValues(loss, classes);
  if (sampleWeights !== undefined) requireShape('sampleWeights', sampleWeights, [batch]);
  if (draws !== undefined) requireShape('draws', draws, [batch]);
  if (sampleKeys !== undefined && sampleKeys.length !== batch) {
    throw new ShapeMismatchError(`sampleKeys [${sampleKeys.length}]`, `[${batch}]`, 'give one key a sample.');
  }
  if (step !== undefined) requireInteger('step', step, 0, Number.MAX_SAFE_INTEGER);
  requireChoice('mode', input.mode ?? 'train', ['train', 'eval']);
  if (state !== undefined) requireState(loss, state, classes);
}

function requireTensor(name: string, given: unknown, fix: string): void {
  if (given instanceof tf.Tensor) return;
  const kind = given === undefined || given === null ? String(given) : Object(given).constructor.name;
  const areNames = Array.isArray(given) && typeof given[0] === 'string';
  throw new ShapeMismatchError(`${name} as ${kind}`, 'a tensor', areNames ? NUMBER_NAMES : fix);
}

/** @param expected sizes; a name stands for any size but 0 */
function requireShape(name: string, tensor: tf.Tensor, expected: readonly (string | number)[]): void {
  const fits =
    tensor.shape.length === expected.length &&
    expected.every((size, axis) =>
      typeof size === 'string' ? tensor.shape[axis]! > 0 : tensor.shape[axis] === size,
    );
  if (!fits) throw shapeError(name, tensor, expected);
}

function shapeError(
  name: string,
  tensor: tf.Tensor,
  expected: readonly (string | number)[],
): ShapeMismatchError {
  return new ShapeMismatchError(`${name} ${shown(tensor)}`, `[${expected.join(', ')}]`, SHAPES);
}

function requireState(
  { name: loss, initialValues, initialClassValues }: MarginLoss,
  state: Readonly<Record<string, tf.Tensor>>,
  classes: number,
): void {
  const ofClasses = Object.keys(initialClassValues).sort();
  const expected = [...Object.keys(initialValues), ...ofClasses].sort();
  const given = Object.keys(state).sort();
  const sizeOf = (name: string): number => (ofClasses.includes(name) ? classes : 1);
  if (given.join() === expected.join() && given.every((name) => state[name]!.size === sizeOf(name))) return;
  const carried = ofClasses.length === 0 ? '' : ` and {${ofClasses.join(', ')}}, [${classes}] each`;
  const shapes = given.map((name) => `${name} ${shown(state[name]!)}`);
  throw new StateMismatchError(
    `a state with {${shapes.join(', ')}}`,
    `scalars {${Object.keys(initialValues).sort().join(', ')}} of '${loss}'${carried}`,
    'start from stateToTensors(loss), or hand in the nextState of the step before.',
  );
}

function shown(tensor: tf.Tensor): string {
  return `[${tensor.shape.join(', ')}]`;
}
