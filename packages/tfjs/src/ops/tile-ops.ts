import type { TensorOps } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { type HostView, hostView } from './host-memory.ts';
import { tfOps } from './tf-ops.ts';

/** Made of some twenty operations each ({@link tfOps}); a loop in float64 is faster. */
const LONG = ['expm1', 'log1p', 'sin', 'cos', 'atan'] as const;

/**
 * The tensor reading for whole tiles, [rows, columns], whose results nobody differentiates.
 *
 * The wasm backend compares and chooses entry by entry, through a call each: eight times slower than a loop over its
 * memory. Comparing is no arithmetic, so the numbers are the same; functions of {@link LONG} are rounded once.
 */
export function tileOps(): TensorOps<tf.Tensor, tf.Tensor> {
  const view = hostView();
  if (view === undefined) return tfOps;
  const long = LONG.map((name) => [name, (a: tf.Tensor) => mapped(view, a, Math[name])]);
  return {
    ...tfOps,
    ...Object.fromEntries(long),
    greater: (a, b) => {
      const matrix = isAlong(b, a) ? a : b;
      return isAlong(a, matrix) ? greater(view, matrix.shape, a, b) : tfOps.greater(a, b);
    },
    or: (a, b) => (tf.util.arraysEqual(a.shape, b.shape) ? either(view, a, b) : tfOps.or(a, b)),
    select: (condition, yes, no) =>
      isAlong(yes, condition) && isAlong(no, condition)
        ? chosen(view, condition, yes, no)
        : tfOps.select(condition, yes, no),
  };
}

/** Whether there is one number, one a column, or one an entry of a matrix. */
function isAlong(values: tf.Tensor, matrix: tf.Tensor): boolean {
  const [rows, columns] = matrix.shape;
  if (matrix.rank !== 2) return false;
  if (values.size === 1 && values.rank <= 2) return true;
  return values.rank === 1
    ? values.shape[0] === columns
    : values.rank === 2 && values.shape[0] === rows && values.shape[1] === columns;
}

/** How far to go in `values` for a column, and for a row, of a matrix. */
function strides(values: tf.Tensor, columns: number): readonly [column: number, row: number] {
  if (values.size === 1) return [0, 0];
  return [1, values.rank === 1 ? 0 : columns];
}

function mapped(view: HostView, a: tf.Tensor, f: (x: number) => number): tf.Tensor {
  const out = tf.fill(a.shape, 0, 'float32');
  const [from, to] = [view(a), view(out)];
  for (let i = 0; i < to.length; i++) to[i] = f(from[i]!);
  return out;
}

function greater(view: HostView, shape: readonly number[], a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const [rows, columns] = shape as [number, number];
  const out = tf.zeros([rows, columns], 'bool');
  const [aColumn, aRow] = strides(a, columns);
  const [bColumn, bRow] = strides(b, columns);
  const [left, right, result] = [view(a), view(b), view<Uint8Array>(out)];
  for (let i = 0; i < rows; i++) {
    const at = i * columns;
    const [leftAt, rightAt] = [i * aRow, i * bRow];
    for (let j = 0; j < columns; j++)
      result[at + j] = left[leftAt + j * aColumn]! > right[rightAt + j * bColumn]! ? 1 : 0;
  }
  return out;
}

function either(view: HostView, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const out = tf.zeros(a.shape, 'bool');
  const [left, right, result] = [view<Uint8Array>(a), view<Uint8Array>(b), view<Uint8Array>(out)];
  for (let i = 0; i < result.length; i++) result[i] = left[i]! | right[i]!;
  return out;
}

function chosen(view: HostView, condition: tf.Tensor, yes: tf.Tensor, no: tf.Tensor): tf.Tensor {
  const out = tf.fill(condition.shape, 0, 'float32');
  const [rows, columns] = condition.shape as [number, number];
  const [yesColumn, yesRow] = strides(yes, columns);
  const [noColumn, noRow] = strides(no, columns);
  const [mask, first, second, result] = [view<Uint8Array>(condition), view(yes), view(no), view(out)];
  for (let i = 0; i < rows; i++) {
    const at = i * columns;
    const [firstAt, secondAt] = [i * yesRow, i * noRow];
    for (let j = 0; j < columns; j++) {
      result[at + j] =
        mask[at + j] === 1 ? first[firstAt + j * yesColumn]! : second[secondAt + j * noColumn]!;
    }
  }
  return out;
}
