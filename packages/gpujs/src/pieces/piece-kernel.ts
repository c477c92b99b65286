import type { MarginLoss } from '@cf/core';
import { type OptionNames, OptionOutOfRangeError, requireKnownOptions } from '@cf/core';
import type { GPU, Input, Texture } from 'gpu.js';
import { COLUMN, type KernelSource, kernelText, type Sizes } from '../kernels/kernel-source.ts';
import { openKernel } from '../kernels/open-kernel.ts';
import { runKernel } from '../kernels/run-kernel.ts';

/** What gpu.js takes for an array or matrix: arrays here, an `Input`, or the result of a kernel with `pipeline`. */
export type KernelArgument = ArrayLike<number> | readonly ArrayLike<number>[] | Input | Texture;

/** A kernel of gpu.js under its async contract; with `pipeline` it resolves to a handle, as gpu.js's kernels do. */
export interface PieceKernel<Arguments extends readonly KernelArgument[], Result> {
  /** @throws BackendError (`E_BACKEND`) if gpu.js refuses to run it, or has moved it to another mode */
  (...args: Arguments): Promise<Result>;
  /** Frees it and takes it off gpu.js's own list. It must not be called again. */
  destroy(): void;
}

/** One number a row: a sample or a class. */
export type KernelVector = Float32Array;
/** One array a row. */
export type KernelMatrix = Float32Array[];

export interface PieceOptions {
  /** Whether results stay on the device, as arguments of other kernels (`toArray()` reads them). Default false. */
  readonly pipeline?: boolean;
}

/** Opens a kernel of given sizes. It reads no loss. */
export type PieceFactory<Named extends Sizes, Arguments extends readonly KernelArgument[], Result> = (
  gpu: GPU,
  sizes: Named,
  options?: PieceOptions,
) => PieceKernel<Arguments, Result>;

/** Opens a kernel of a loss's formula. */
export type LossPieceFactory<Named extends Sizes, Arguments extends readonly KernelArgument[], Result> = (
  gpu: GPU,
  loss: MarginLoss,
  sizes: Named,
  options?: PieceOptions,
) => PieceKernel<Arguments, Result>;

/** A kernel with a text of its own, and the shape of its result, columns first. */
export interface Piece<Named extends Sizes> {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly body: readonly string[];
  readonly output: (sizes: Named) => readonly number[];
}

const OPTIONS: OptionNames<PieceOptions> = { pipeline: true };

/** Opens a kernel with a text of its own. */
export function openPiece<Named extends Sizes, Arguments extends readonly KernelArgument[], Result>(
  gpu: GPU,
  { name, parameters, body, output }: Piece<Named>,
  sizes: Named,
  options: PieceOptions = {},
): PieceKernel<Arguments, Result> {
  requireKnownOptions(`the kernel ${name}`, options, OPTIONS);
  const source: KernelSource = { name, text: kernelText(parameters, body), output: () => output(sizes) };
  const kernel = openKernel(gpu, source, sizes, { pipeline: options.pipeline ?? false });
  const run = async (...args: Arguments): Promise<Result> =>
    runKernel(
      kernel,
      name,
      gpu.mode,
      args.map((given, at) => (parameters[at] === 'labels' ? labelsAsNumbers(given) : given)),
    ) as Promise<Result>;
  return Object.assign(run, { destroy: () => kernel.destroy() });
}

/** The factory of a kernel that is the same for every loss. */
export function pieceFactory<Named extends Sizes, Arguments extends readonly KernelArgument[], Result>(
  piece: Piece<Named>,
): PieceFactory<Named, Arguments, Result> {
  return (gpu, sizes, options) => openPiece(gpu, piece, sizes, options);
}

/** The parameter that holds the sample values of a formula, where it has any. */
export function sampleValuesParameter(names: readonly string[]): readonly string[] {
  return names.length > 0 ? ['sampleValues'] : [];
}

/** Lines that read a loss's sample values for sample `i`. */
export function sampleValueLines(
  sampleValues: readonly { readonly name: string; readonly index: number }[],
  i: string = COLUMN,
): string[] {
  return sampleValues.map(({ name, index }) => `const ${name} = sampleValues[${i}][${index}];`);
}

/** A kernel takes a bigint or a name without a word, and finds it equal to no class. */
function labelsAsNumbers(given: KernelArgument): KernelArgument {
  const isList = Array.isArray(given) || ArrayBuffer.isView(given);
  const first = isList ? (given as ArrayLike<unknown>)[0] : undefined;
  if (typeof first === 'bigint') return Int32Array.from(given as ArrayLike<number>, Number);
  if (typeof first !== 'string') return given;
  throw new OptionOutOfRangeError('labels[0]', first, 'an integer', 'number the names with buildLabelMap().');
}
