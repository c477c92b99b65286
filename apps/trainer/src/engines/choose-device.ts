import { tmpdir } from 'node:os';
import { CfError } from '@cf/core';
import { type OnnxRuntime, type ProviderProof, type ProviderProofOptions, proveProvider } from '@cf/onnx';
import * as runtime from 'onnxruntime-node';
import { openProductRate } from '../bench/product-rate.ts';
import type { Device, DeviceChoice } from './device.ts';

/** What is to run there, and is proven. */
export type DeviceWork = Pick<ProviderProofOptions, 'head' | 'network'> & {
  /** Of the processor. */
  readonly threads?: number;
};

/** Of the small head that is proven: a loss that counts pictures is made for as many. */
export const PROVEN_CLASSES = 40;

/** In the order in which `auto` tries them. */
export const CARDS = ['cuda', 'dml', 'coreml', 'webgpu'] as const satisfies readonly Device[];

/** Rows, length of the sums and columns of a product that is worth a card's while, and takes one in software no minutes. */
export const PRODUCT = [512, 512, 512] as const;
/** Of them. */
export const PRODUCTS = 4;

/**
 * The device that head and network run on. One that is named runs or is an error; `auto` takes the first card that is
 * there, computes what it should and multiplies faster than the processor.
 *
 * @param say prints one line: what runs, and why
 * @throws BackendError for a provider that is not there, with what brings it; WrongResultsError for one that computes
 * other numbers
 */
export async function chooseDevice(
  choice: DeviceChoice,
  work: DeviceWork,
  say: (line: string) => void,
): Promise<Device> {
  if (choice === 'cpu') return 'cpu';
  if (choice !== 'auto') {
    say(`device ${choice}: ${proofText(await proven(choice, work))}`);
    return choice;
  }
  const reasons: string[] = [];
  const listed = new Set(runtime.listSupportedBackends().map(({ name }) => name));
  for (const card of CARDS.filter((name) => listed.has(name))) {
    try {
      const proof = await proven(card, work);
      const [own, processor] = [await productRate(card, work), await productRate('cpu', work)];
      const rates = `products at ${gigaflops(own)} GFLOP/s beside the processor's ${gigaflops(processor)}`;
      if (own > processor) {
        say(`device ${card}: ${proofText(proof)}; ${[rates, ...reasons].join('; ')}`);
        return card;
      }
      reasons.push(`${card} has ${rates}`);
    } catch (error) {
      if (!(error instanceof CfError)) throw error;
      reasons.push(error.code === 'E_BACKEND' ? `${error.given} is not there` : error.given);
    }
  }
  const why = reasons.length === 0 ? ['onnxruntime has no other provider here'] : reasons;
  say(`device cpu: ${why.join('; ')}`);
  return 'cpu';
}

async function proven(provider: Device, work: DeviceWork): Promise<ProviderProof> {
  prepareDevice(provider);
  return proveProvider({ runtime: runtime as OnnxRuntime, provider, ...work });
}

/** Settings that native libraries read when they load. */
export function prepareDevice(device: Device): void {
  // What fails is thrown as well.
  runtime.env.logLevel = 'fatal';
  // Products of cuda have ten bits otherwise.
  if (device === 'cuda') process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  // Vulkan's drivers ask for a folder of the user's.
  if (device === 'webgpu' && process.platform === 'linux') process.env.XDG_RUNTIME_DIR ??= tmpdir();
}

async function productRate(device: Device, { threads = 1 }: DeviceWork): Promise<number> {
  const rate = await openProductRate(threads, PRODUCT, device);
  await rate.measure(PRODUCTS);
  return rate.close();
}

function gigaflops(rate: number): string {
  return String(Number((rate / 1e9).toPrecision(3)));
}

function proofText({ head, network }: ProviderProof): string {
  const parts = Object.entries({ head, network }).flatMap(([name, deviation]) =>
    deviation === undefined ? [] : [`${name} off by ${deviation.toExponential(1)}`],
  );
  return `proven on golden cases (${parts.join(', ')})`;
}
