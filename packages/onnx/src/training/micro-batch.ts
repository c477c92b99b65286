import { type DropoutKeys, fillDropoutMask, requireInteger, ShapeMismatchError } from '@cf/core';
import type { LearnerBatch } from '@cf/training';
import { sizeOf } from '../model/dims.ts';
import type { DropoutMask } from '../passes/training-form/dropout.ts';
import type { OnnxRuntime, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import type { BatchPasses } from './passes.ts';
import type { TrainingPlan } from './plan.ts';
import type { Tensors } from './runner.ts';
import { floats, zeros } from './tensor-store.ts';

/** What one micro-batch takes: its images and masks, and the memory of its passes. */
export class MicroBatch {
  readonly shape: readonly number[];
  readonly passes: BatchPasses;
  /** Sizes of the embeddings of the last forward pass. */
  embeddings: readonly number[] = [];
  readonly #masks: ReadonlyMap<DropoutMask, RuntimeTensor>;
  #images: RuntimeTensor | undefined;

  constructor(runtime: OnnxRuntime, { form }: TrainingPlan, passes: BatchPasses, shape: readonly number[]) {
    this.shape = shape;
    this.passes = passes;
    this.#masks = new Map(form.masks.map((mask) => [mask, zeros(runtime, [shape[0]!, ...mask.sample])]));
  }

  fits(shape: readonly number[]): boolean {
    return `${shape}` === `${this.shape}`;
  }

  /** Takes images in, and draws the masks of their samples. */
  start(runtime: OnnxRuntime, images: Float32Array, keys: DropoutKeys): void {
    this.#images = new runtime.Tensor('float32', images, this.shape);
    for (const [mask, tensor] of this.#masks)
      fillDropoutMask(floats(tensor), sizeOf(mask.sample), mask, keys);
  }

  /** Images and masks by the names of their inputs. */
  inputs(imageInput: string): Tensors {
    const masks = [...this.#masks].map(([{ name }, tensor]) => [name, tensor] as const);
    return new Map([[imageInput, this.#images!], ...masks]);
  }
}

/** @throws ShapeMismatchError unless there is a number for each of the embeddings */
export function requireGradientOf(dims: readonly number[], gradient: Float32Array): void {
  if (gradient.length === sizeOf(dims)) return;
  throw new ShapeMismatchError(
    `gradient of length ${gradient.length}`,
    `${sizeOf(dims)} for embeddings [${dims.join(', ')}]`,
    'pass the gradient of the last embeddings, row-major.',
  );
}

/** @throws ShapeMismatchError unless embeddings are [B, d] */
export function requireMatrix(output: string, dims: readonly number[], batch: number): void {
  if (dims.length === 2 && dims[0] === batch) return;
  throw new ShapeMismatchError(
    `output '${output}' of shape [${dims.join(', ')}] for a batch of ${batch}`,
    'embeddings [B, d]',
    'add a Flatten to the model, or name another output.',
  );
}

/**
 * Checks a batch against the model's input.
 *
 * @throws ShapeMismatchError if its values do not fit it, or do not fill their shape
 * @throws OptionOutOfRangeError if step or position is no count
 */
export function checkBatch({ values, shape, step, position }: LearnerBatch, { input }: TrainingPlan): void {
  requireInteger('step', step, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('position', position, 0, Number.MAX_SAFE_INTEGER);
  const declared = input.shape ?? shape;
  const isShape = shape.every((dim) => Number.isInteger(dim) && dim > 0) && shape.length === declared.length;
  const fits = isShape && declared.every((dim, axis) => typeof dim !== 'number' || dim === shape[axis]);
  if (!fits) {
    const expected = declared.map((dim, axis) => dim ?? (axis === 0 ? 'B' : '?')).join(', ');
    throw new ShapeMismatchError(
      `a batch [${shape.join(', ')}]`,
      `[${expected}] of input '${input.name}'`,
      'pass samples of the size that the model takes.',
    );
  }
  if (values.length === sizeOf(shape)) return;
  throw new ShapeMismatchError(
    `values of length ${values.length}`,
    `${sizeOf(shape)} for [${shape.join(', ')}]`,
    'pass whole samples, row-major.',
  );
}
