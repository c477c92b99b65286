import { type OptionNames, requireKnownOptions } from '@cf/core';
import type { HeadProducts } from './head/tile-products.ts';
import { openHeadProducts } from './kernels/onednn/head-products.ts';
import type { OneDnnOptions } from './kernels/onednn/one-dnn-kernels.ts';

export type {
  ForeignFunction,
  ForeignFunctions,
  ForeignLibrary,
} from './kernels/onednn/foreign-functions.ts';
export { type OneDnnOptions, oneDnnKernels } from './kernels/onednn/one-dnn-kernels.ts';

const OPTIONS: OptionNames<OneDnnOptions> = { koffi: true, library: true };

/**
 * The products of heads on oneDNN, each thread with its own rows. Threads load the package koffi from here.
 *
 * @throws BackendError where there is no oneDNN of a version that is known
 */
export function oneDnnHeadProducts(options: OneDnnOptions): HeadProducts {
  requireKnownOptions('oneDnnHeadProducts', options, OPTIONS);
  const program = `./onednn-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`;
  return openHeadProducts(options, new URL(program, import.meta.url));
}
