import { tmpdir } from 'node:os';
import { CfError } from '@cf/core';
import { type OnnxRuntime, type ProviderProof, type ProviderProofOptions, proveProvider } from '@cf/onnx';
import * as runtime from 'onnxruntime-node';
import { openProductRate } from '../bench/product-rate.ts';
import type { Device, DeviceChoice } from './device.ts';
import { CARDS, fasterCard } from './faster-card.ts';

/** What is to run there, and is proven. */
export type DeviceWork = Pick<ProviderProofOptions, 'head' | 'network'> & {
  /** Of the processor. */
  readonly threads?: number;
};

/** Of the small head that is proven: a loss that counts pictures is made for as many. */
export const PROVEN_CLASSES = 40;

/** Rows, length of the sums and columns of a product that is worth a card's while, and takes one in software no minutes. */
const PRODUCT = [512, 512, 512] as const;
/** Of them. */
const PRODUCTS = 4;

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
  const listed = new Set(runtime.listSupportedBackends().map(({ name }) => name));
  let proof = '';
  const { device, rates, passedOver } = await fasterCard(
    CARDS.filter((name) => listed.has(name)),
    async (card) => {
      try {
        proof = proofText(await proven(card, work));
        return {
          own: await productRate(card, work.threads),
          processor: await productRate('cpu', work.threads),
        };
      } catch (error) {
        if (!(error instanceof CfError)) throw error;
        return { matter: error.code === 'E_BACKEND' ? `${error.given} is not there` : error.given };
      }
    },
  );
  const none = passedOver.length === 0 ? ['onnxruntime has no other provider here'] : [];
  const why = rates === undefined ? [...passedOver, ...none] : [proof, rates, ...passedOver];
  say(`device ${device}: ${why.join('; ')}`);
  return device;
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

/** Operations a second of float32 matrix products. @param threads of the processor */
export async function productRate(device: Device, threads: number = 1): Promise<number> {
  const rate = await openProductRate(threads, PRODUCT, device);
  await rate.measure(PRODUCTS);
  return rate.close();
}

function proofText({ head, network }: ProviderProof): string {
  const parts = Object.entries({ head, network }).flatMap(([name, deviation]) =>
    deviation === undefined ? [] : [`${name} off by ${deviation.toExponential(1)}`],
  );
  return `proven on golden cases (${parts.join(', ')})`;
}
