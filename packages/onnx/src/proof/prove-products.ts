import { curricularFace, type OptionNames, requireKnownOptions } from '@cf/core';
import { WrongResultsError } from '../errors.ts';
import { onnxBackend } from '../head/onnx-backend.ts';
import type { HeadProducts } from '../head/tile-products.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { headDeviation, type ProvenHead } from './head-deviation.ts';
import { PROOF_TOLERANCE } from './prove-provider.ts';

const OPTIONS: OptionNames<{
  readonly runtime: OnnxRuntime;
  readonly threads?: number | undefined /** Default: CurricularFace. */;
  readonly head?: ProvenHead;
}> = { runtime: true, threads: true, head: true };

/**
 * Proves that products compute what they should, before anything is trained on them: two steps of a small head beside the
 * float64 reference.
 *
 * @returns the worst deviation, by the rule of golden values
 * @throws WrongResultsError (`E_WRONG_RESULTS`) if it is more than `PROOF_TOLERANCE` of a head
 */
export async function proveProducts(
  products: HeadProducts,
  options: {
    readonly runtime: OnnxRuntime;
    readonly threads?: number | undefined;
    /** Default: CurricularFace. */
    readonly head?: ProvenHead;
  },
): Promise<number> {
  requireKnownOptions('proveProducts', options, OPTIONS);
  const { runtime, threads, head = { loss: curricularFace() } } = options;
  const backend = await onnxBackend({ runtime, products, ...(threads === undefined ? {} : { threads }) });
  try {
    const deviation = await headDeviation(backend, head);
    const { head: tolerance } = PROOF_TOLERANCE;
    if (deviation <= tolerance) return deviation;
    throw new WrongResultsError(
      `${products.name}, whose head deviates by ${deviation.toExponential(1)}`,
      `at most ${tolerance.toExponential(0)} of the float64 reference`,
      'install another version of the library, or leave the products to onnxruntime.',
    );
  } finally {
    await backend.dispose();
  }
}
