import { createLoss, type HeadInput, initialState, type MarginLoss } from '@cf/core';
import { type HeadPart, onnxBackend } from '@cf/onnx';
import * as runtime from 'onnxruntime-node';
import { chooseProducts } from '../../engines/choose-products.ts';
import { openProductRate } from '../product-rate.ts';
import { median, secondsOf } from '../timing.ts';
import { benchLoss, checkTask, type HeadTask, headProblem, startingBias } from './head-task.ts';
import { openTileProducts } from './tile-products.ts';

/** Where the time of a step goes: medians in seconds, all of one run, one after the other in turn. */
export interface HeadParts {
  readonly step: number;
  /** Best rate of float32 matrix products in between, in operations a second. */
  readonly productRate: number;
  /** The three products alone, in tiles as the head's, without their calls. */
  readonly products: number;
  /** What the graphs of the head take beside: norms, tangents, sums of tiles. */
  readonly normsAndTangents: number;
  /** The sweep of NormFace, which is without a mask and a margin: exponentials, their sums, slopes. */
  readonly exponentials: number;
  /** What the sweep of this loss takes beside: N and N′, the mask between them. */
  readonly mask: number;
  /** Calls of the runtime, as many as tiles make. */
  readonly calls: number;
  readonly callCount: number;
  /** What is left: all of O(B·d) and O(B), in float64, with the conversions to and from float32, and what waits. */
  readonly batch: number;
}

/** A task of {@link measureParts}. */
export interface PartsTask extends HeadTask {
  readonly parts: true;
}

const WARM_UP = 3;

/** Measures the parts of a step of the head on onnxruntime, before anything is learnt. */
export async function measureParts(task: PartsTask): Promise<HeadParts> {
  checkTask(task);
  const { threads, classes, dim, batch, subCenters } = task;
  const { embeddings, weights, labels } = headProblem(task);
  const gradWeights = new Float32Array(weights.length).fill(1);
  const rate = await openProductRate(threads);
  const found: Record<HeadPart, number> = { products: 0, sweep: 0, gradients: 0 };
  let callCount = 0;
  const { kernels: choice = 'auto', device = 'cpu' } = task;
  const { part: products } = await chooseProducts({ choice, device, threads });
  const backend = await onnxBackend({
    runtime,
    threads,
    ...(products === undefined ? {} : { products }),
    onPart(part, seconds) {
      found[part] += seconds;
      if (part !== 'sweep') callCount++;
    },
  });
  const loss = benchLoss(task);
  const plainLoss = createLoss('normface');
  const head = await backend.createHead(loss, { subCenters });
  const plainHead = await backend.createHead(plainLoss, { subCenters });
  const input = (of: MarginLoss): HeadInput => ({
    ...{ embeddings, weights, labels, dim, gradWeights, countNegatives: false, state: initialState(of) },
    bias: startingBias(of, classes),
  });
  const [ours, plain] = [input(loss), input(plainLoss)];
  const reset = (): void => {
    Object.assign(found, { products: 0, sweep: 0, gradients: 0 });
    callCount = 0;
  };
  await head.step(ours);
  const tiles = Math.round(callCount / 2);
  const alone = await openTileProducts({ batch, dim, tiles, threads, weights, gradWeights });
  const seen: Omit<HeadParts, 'productRate' | 'callCount'>[] = [];
  for (let i = 0; i < WARM_UP + task.steps; i++) {
    const products = await alone.measure();
    const calls = (await alone.measureCall()) * 2 * tiles;
    reset();
    await plainHead.step(plain);
    const exponentials = found.sweep;
    reset();
    const step = await secondsOf(() => head.step(ours));
    const graphs = found.products + found.gradients;
    await rate.measure();
    if (i < WARM_UP) continue;
    seen.push({
      step,
      products: products - calls,
      normsAndTangents: graphs - products,
      exponentials: Math.min(exponentials, found.sweep),
      mask: Math.max(found.sweep - exponentials, 0),
      calls,
      batch: step - graphs - found.sweep,
    });
  }
  const middle = (part: keyof (typeof seen)[number]): number => median(seen.map((parts) => parts[part]));
  head.dispose();
  plainHead.dispose();
  await alone.close();
  await backend.dispose();
  return {
    step: middle('step'),
    products: middle('products'),
    normsAndTangents: middle('normsAndTangents'),
    exponentials: middle('exponentials'),
    mask: middle('mask'),
    calls: middle('calls'),
    callCount: 2 * tiles,
    batch: middle('batch'),
    productRate: await rate.close(),
  };
}
