import { type BackendError, CfError } from '@cf/core';
import { type HeadProducts, type OnnxRuntime, proveProducts } from '@cf/onnx';
import { oneDnnHeadProducts } from '@cf/onnx/onednn';
import * as runtime from 'onnxruntime-node';
import type { Device } from './device.ts';
import { type KernelChoice, requireProcessor } from './kernel-choice.ts';
import { isPlainLoop, loadKoffi, withWayOut } from './load-koffi.ts';

/** What is to multiply in a head on onnxruntime. */
export interface ChosenProducts {
  /** Undefined for the graphs of onnxruntime. */
  readonly products: HeadProducts | undefined;
  /** A line: what runs, and why. */
  readonly told: string;
}

/**
 * oneDNN where it is there and proven, the graphs of onnxruntime otherwise. What is named is there or is an error.
 *
 * @throws UsageError where oneDNN is named for a card, BackendError where it is named and is not there; WrongResultsError where it computes other numbers
 */
export async function chooseProducts({
  choice,
  device,
  threads,
}: {
  readonly choice: KernelChoice;
  readonly device: Device;
  readonly threads?: number | undefined;
}): Promise<ChosenProducts> {
  if (choice === 'onnxruntime') return graphs('as asked for');
  requireProcessor(choice, device);
  if (device !== 'cpu') return graphs(`on ${device}`);
  try {
    const products = oneDnnHeadProducts({ koffi: await loadKoffi() });
    const { name, implementation } = products;
    if (choice === 'auto' && isPlainLoop(implementation))
      return graphs(`${name} has no kernels of its own for this processor (${implementation})`);
    const deviation = await proveProducts(products, { runtime: runtime as OnnxRuntime, threads });
    return {
      products,
      told: `head products ${name} (${implementation}): proven within ${deviation.toExponential(0)} of the float64 reference`,
    };
  } catch (error) {
    if (!(error instanceof CfError)) throw error;
    if (choice !== 'auto') throw error.code === 'E_BACKEND' ? withWayOut(error as BackendError) : error;
    return graphs(error.code === 'E_BACKEND' ? `${error.given}; to be faster, ${error.fix}` : error.given);
  }
}

function graphs(why: string): ChosenProducts {
  return { products: undefined, told: `head products onnxruntime: ${why}` };
}
