import { BackendError, CfError } from '@cf/core';
import type { ForeignFunctions } from '@cf/onnx/onednn';
import type { Device } from './device.ts';
import { type KernelChoice, requireProcessor } from './kernel-choice.ts';
import { loadKoffi } from './load-koffi.ts';

/** What oneDNN computes with: its name, and its implementation of a product. */
export interface OneDnnPart {
  readonly name: string;
  readonly implementation?: string;
}

/** What is asked of {@link chooseOneDnn}. */
export interface OneDnnQuestion<Part> {
  readonly choice: KernelChoice;
  readonly device: Device;
  /** What oneDNN would compute, such as `kernels`. */
  readonly what: string;
  readonly open: (koffi: ForeignFunctions) => Part;
  /**
   * The largest deviation from what it is proven by.
   *
   * @throws WrongResultsError
   */
  readonly prove: (part: Part) => Promise<number>;
  readonly provenBy: string;
}

/** What is to compute, and why. */
export interface Chosen<Part> {
  /** Undefined for the graphs of onnxruntime. */
  readonly part: Part | undefined;
  /** Such as `oneDNN 2.6.3`. */
  readonly name: string;
  /** A line: what runs, and why. */
  readonly told: string;
}

/**
 * oneDNN where it is there and proven, the graphs of onnxruntime otherwise. What is named is there or is an error.
 *
 * @throws UsageError where oneDNN is named for a card; BackendError where it is named and is not there; WrongResultsError where it computes other numbers
 */
export async function chooseOneDnn<Part extends OneDnnPart>({
  choice,
  device,
  what,
  open,
  prove,
  provenBy,
}: OneDnnQuestion<Part>): Promise<Chosen<Part>> {
  if (choice === 'onnxruntime') return graphs(what, 'as asked for');
  requireProcessor(choice, device);
  if (device !== 'cpu') return graphs(what, `on ${device}`);
  try {
    const part = open(await loadKoffi());
    const { name, implementation } = part;
    const passedOver = whyPassedOver(part);
    if (choice === 'auto' && passedOver !== undefined) return graphs(what, passedOver);
    const proof = `proven within ${(await prove(part)).toExponential(0)} of ${provenBy}`;
    return { part, name, told: `${what} ${name} (${implementation}): ${proof}` };
  } catch (error) {
    if (!(error instanceof CfError)) throw error;
    const isAbsent = error.code === 'E_BACKEND';
    if (choice !== 'auto') throw isAbsent ? withWayOut(error as BackendError) : error;
    return graphs(what, isAbsent ? `${error.given}; to be faster, ${error.fix}` : error.given);
  }
}

/** The graphs of onnxruntime, which are always there. */
export function graphs(what: string, why: string): Chosen<never> {
  return { part: undefined, name: 'onnxruntime', told: `${what} onnxruntime: ${why}` };
}

/** Why `auto` does not take a oneDNN that is there: it computes with plain loops, without kernels for the processor. */
export function whyPassedOver({ name, implementation }: OneDnnPart): string | undefined {
  const isPlainLoop = /^(ref|simple|gemm:ref)/.test(implementation ?? '');
  return isPlainLoop ? `${name} has no kernels of its own for this processor (${implementation})` : undefined;
}

/** A cause with a way out: a run that names oneDNN can do without it; one that is resumed names it in its configuration. */
export function withWayOut({ given, expected, fix, cause }: BackendError): BackendError {
  return new BackendError(given, expected, `${fix.replace(/\.$/, '')}; or say --kernels auto.`, cause);
}
