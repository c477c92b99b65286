import { availableParallelism } from 'node:os';
import { embeddedGoldens, type GoldenFile, replayGoldens } from '@cf/conformance';
import { CfError, curricularFace, firstLine } from '@cf/core';
import { type OnnxRuntime, proveProvider } from '@cf/onnx';
import { learnerOptimiser, sgd } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { bestProductRate } from '../bench/product-rate.ts';
import { prepareDevice, productRate } from '../engines/choose-device.ts';
import { chooseKernels } from '../engines/choose-kernels.ts';
import { whyPassedOver } from '../engines/choose-one-dnn.ts';
import { chooseProducts } from '../engines/choose-products.ts';
import { DEVICES, type Device } from '../engines/device.ts';
import { gigaflops } from '../engines/faster-card.ts';
import { BACKEND_NAMES, openBackend } from '../engines/open-backend.ts';

/** What is looked into: a provider of onnxruntime, oneDNN, or a backend of the head. */
export type ProbeName = `provider ${Device}` | 'oneDNN' | `backend ${string}`;

/** All there is to look into, the processor first. */
export const PROBES: readonly ProbeName[] = [
  ...DEVICES.map((device) => `provider ${device}` as const),
  'oneDNN',
  ...BACKEND_NAMES.map((name) => `backend ${name}` as const),
];

/** What came of it. */
export interface Finding {
  /**
   * `proven` by golden values; `absent`; `wrong`: it computes, but other numbers; `crashed`: it ended its process; `slow`: not
   * proven within the time.
   */
  readonly state: 'proven' | 'absent' | 'wrong' | 'crashed' | 'slow';
  /** A line: by what it is proven, or what is the matter. */
  readonly told: string;
  /** What would bring it, or mend it. */
  readonly fix?: string;
  /** Largest deviation, by the rule of golden values. */
  readonly deviation?: number;
  /** Operations a second of float32 matrix products. */
  readonly productRate?: number;
  /** Why `--kernels auto` does not take it, proven as it is. */
  readonly passedOver?: string;
}

const ADAPTER =
  "a card with its Vulkan driver and loader (Linux: apt-get install libvulkan1), Direct3D 12 or Metal, and 'npm install webgpu'";

/** What brings a backend, where its own error knows less. */
const BROUGHT_BY: Partial<Record<ProbeName, string>> = {
  'backend tfjs-webgpu': `${ADAPTER.slice(0, -1)} @tensorflow/tfjs-backend-webgpu'`,
  'backend gpujs-webgpu': ADAPTER,
  'backend gpujs-headlessgl':
    "OpenGL for the package gl, which gpu.js brings: apt-get install libgl1 libxi6 xvfb, 'npm rebuild gl', and xvfb-run before cf where there is no display",
};

/** Looks into one thing, in this process. @throws nothing of ours: it is the finding */
export async function probe(name: ProbeName): Promise<Finding> {
  try {
    if (name === 'oneDNN') return await ofOneDnn();
    const [kind, what] = name.split(' ') as ['provider' | 'backend', string];
    return await (kind === 'provider' ? ofProvider(what as Device) : ofBackend(what));
  } catch (error) {
    if (error instanceof CfError) {
      const isWrong = error.code === 'E_WRONG_RESULTS';
      // A package that is missing comes first, and its error has the line.
      const knowsBest = isWrong || error.code === 'E_PACKAGE';
      const fix = knowsBest ? error.fix : (BROUGHT_BY[name] ?? error.fix);
      return { state: isWrong ? 'wrong' : 'absent', told: oneLine(error.given), fix: oneLine(fix) };
    }
    return { state: 'crashed', told: firstLine(error) };
  }
}

const optimiser = learnerOptimiser({ rule: sgd({ momentum: 0.9 }) });

async function ofProvider(device: Device): Promise<Finding> {
  prepareDevice(device);
  const threads = availableParallelism();
  const { head, network } = await proveProvider({
    runtime: runtime as OnnxRuntime,
    provider: device,
    head: { loss: curricularFace() },
    // The processor is what networks elsewhere are compared with.
    ...(device === 'cpu' ? {} : { network: { optimiser } }),
    threads,
  });
  const rate = await (device === 'cpu' ? bestProductRate(threads) : productRate(device));
  const beside = device === 'cpu' ? ` on ${threads} thread${threads === 1 ? '' : 's'}` : '';
  return {
    state: 'proven',
    told: `a head off by ${short(head!)}${network === undefined ? '' : `, a network by ${short(network)}`}; products at ${gigaflops(rate)} GFLOP/s${beside}`,
    deviation: head!,
    productRate: rate,
  };
}

async function ofOneDnn(): Promise<Finding> {
  const on = { choice: 'onednn', device: 'cpu', threads: availableParallelism() } as const;
  const { told: products } = await chooseProducts(on);
  const { part, told: kernels } = await chooseKernels({ ...on, optimiser });
  const passedOver = part && whyPassedOver(part);
  return {
    state: 'proven',
    told: `${products.replace(/^head products oneDNN /, '')}; ${kernels.replace(/^.*?: /, 'training ')}`,
    ...(passedOver === undefined ? {} : { passedOver }),
  };
}

async function ofBackend(name: string): Promise<Finding> {
  const backend = await openBackend(name, { askedBy: `the backend ${name}` });
  try {
    const goldens = oneOfEachLoss(await embeddedGoldens(['losses']));
    const { rows, tolerance, passed } = await replayGoldens(backend, goldens);
    const deviation = Math.max(...rows.flatMap(({ worst }) => Object.values(worst)));
    const told = `${goldens.cases.length} golden cases off by ${short(deviation)}, of ${tolerance.toExponential(0)} allowed`;
    if (passed) return { state: 'proven', told, deviation };
    const wrong = rows.filter((row) => !row.passed).map(({ loss }) => loss);
    return {
      state: 'wrong',
      told: `${told} (${wrong.join(', ')})`,
      deviation,
      fix: `tell us, with: cf conformance --backend ${name}`,
    };
  } finally {
    await backend.dispose();
  }
}

/** A case of each loss: what a backend gets wrong it gets wrong there, and it takes a second. */
export function oneOfEachLoss({ cases, ...rest }: GoldenFile): GoldenFile {
  const seen = new Set<string>();
  return { ...rest, cases: cases.filter(({ loss }) => !seen.has(loss) && seen.add(loss)) };
}

function short(deviation: number): string {
  return deviation.toExponential(1);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
