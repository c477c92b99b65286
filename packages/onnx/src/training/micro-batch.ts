import { type DropoutKeys, fillDropoutMask, requireInteger, ShapeMismatchError } from '@cf/core';
import type { LearnerBatch } from '@cf/training';
import { sizeOf } from '../model/tensor.ts';
import type { DropoutMask } from '../passes/training-form/dropout.ts';
import type { OnnxRuntime, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import type { TrainingPlan } from './plan.ts';
import type { Tensors } from './runner.ts';
import { floats, zeros } from './tensor-store.ts';

/**
 * What one micro-batch takes and leaves: its images and masks, and what its forward pass keeps for the way back. Fresh
 * pages cost more than what is computed into them, so the next micro-batch of the same shape takes the same memory.
 */
export class MicroBatch {
  readonly shape: readonly number[];
  readonly #masks: ReadonlyMap<DropoutMask, RuntimeTensor>;
  readonly #outputs: readonly string[];
  #images: RuntimeTensor | undefined;
  #kept: Tensors = new Map();

  /** @param outputs names of what the forward pass keeps */
  constructor(
    runtime: OnnxRuntime,
    { form }: TrainingPlan,
    outputs: readonly string[],
    shape: readonly number[],
  ) {
    this.shape = shape;
    this.#outputs = outputs;
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

  /** Where the forward pass writes; nothing yet for what the runtime is to allocate. */
  targets(): ReadonlyMap<string, RuntimeTensor | undefined> {
    return new Map(this.#outputs.map((name) => [name, this.#kept.get(name)]));
  }

  keep(results: Tensors): void {
    this.#kept = new Map(this.#outputs.map((name) => [name, results.get(name)!]));
  }

  /** What the forward pass kept. */
  get kept(): Tensors {
    return this.#kept;
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
