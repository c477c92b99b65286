import { type HeadProducts, type OnnxRuntime, proveProducts } from '@cf/onnx';
import { oneDnnHeadProducts } from '@cf/onnx/onednn';
import * as runtime from 'onnxruntime-node';
import { type Chosen, chooseOneDnn } from './choose-one-dnn.ts';
import type { Device } from './device.ts';
import type { KernelChoice } from './kernel-choice.ts';

/**
 * What multiplies in a head on onnxruntime.
 *
 * @throws what {@link chooseOneDnn} throws
 */
export function chooseProducts({
  choice,
  device,
  threads,
}: {
  readonly choice: KernelChoice;
  readonly device: Device;
  readonly threads?: number | undefined;
}): Promise<Chosen<HeadProducts>> {
  return chooseOneDnn({
    choice,
    device,
    what: 'head products',
    open: (koffi) => oneDnnHeadProducts({ koffi }),
    prove: (products) => proveProducts(products, { runtime: runtime as OnnxRuntime, threads }),
    provenBy: 'the float64 reference',
  });
}
