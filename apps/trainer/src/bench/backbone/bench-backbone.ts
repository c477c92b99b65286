import { type Backbone, iresnet, mobileFaceNet, tinyIresnet } from '@cf/backbones';
import { requireChoice, requireInteger } from '@cf/core';
import { type Model, onnxModel } from '@cf/onnx';
import { bestProductRate } from '../product-rate.ts';
import { type CountedShape, convShapes, operationsOf } from './conv-shapes.ts';
import { layerRates } from './layer-rates.ts';
import { measurePeer } from './peer.ts';
import { type BackboneBenchOptions, type BackboneReport, BENCH_MODELS, type BenchModel } from './report.ts';
import { trainingStep } from './training-step.ts';

const MODELS: Readonly<Record<BenchModel, () => Backbone>> = {
  mobilefacenet: mobileFaceNet,
  'tiny-iresnet': () => tinyIresnet({ dropout: 0 }),
  iresnet18: () => iresnet({ depth: 18 }),
};

/**
 * Measures how fast a backbone trains on the CPU: whole steps without the loss and the optimiser, the matrix product's
 * limit, every convolution shape on its own, and PyTorch on the same network where it is present.
 *
 * Start Node with `MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000` on glibc: otherwise large
 * buffers are given back to the system and fetched again in every step.
 *
 * @throws OptionOutOfRangeError for an unknown model, or a number that is not a positive integer
 */
export async function benchBackbone(options: BackboneBenchOptions): Promise<BackboneReport> {
  const { layers, peer, python, ...task } = options;
  const { model, batch, threads, runs, device = 'cpu' } = task;
  requireChoice('model', model, BENCH_MODELS);
  for (const [name, value] of Object.entries({ batch, threads, runs })) requireInteger(name, value, 1, 65536);
  const network = MODELS[model]();
  const onnx = onnxModel(network);
  const limitGflopPerSecond = (await bestProductRate(threads, device)) / 1e9;
  const shapes = convShapes(onnx, network.inputSize);
  const step = await trainingStep(onnx, network.inputSize, task);
  const torch = peer ? await measurePeer(task, python) : { skipped: 'not asked for' };
  const gflopPerImage = operationsOfStep(onnx, shapes) / 1e9;
  const gflopPerSecond = gflopPerImage * step.imagesPerSecond;
  return {
    ...task,
    ...step,
    gflopPerImage,
    gflopPerSecond,
    limitGflopPerSecond,
    shareOfLimit: gflopPerSecond / limitGflopPerSecond,
    layers: layers ? await layerRates(shapes, { ...task, runs: Math.min(runs, 3) }) : [],
    peer: torch,
    ...('skipped' in torch ? {} : { ratioToPeer: step.imagesPerSecond / torch.imagesPerSecond }),
  };
}

/** Forward, input's gradient (not of the first layer) and weights' gradient cost the same each. */
function operationsOfStep(backbone: Model, shapes: readonly CountedShape[]): number {
  const convolutions = shapes.reduce(
    (sum, { shape, count }) => sum + count * operationsOf(shape) * (shape.isFirst ? 2 : 3),
    0,
  );
  const graph = backbone.graph!;
  const products = graph.node
    .filter(({ opType }) => opType === 'Gemm')
    .map(({ input }) => graph.initializer.find(({ name }) => name === input[1])!.dims.map(Number))
    .reduce((sum, [rows, columns]) => sum + 3 * 2 * rows! * columns!, 0);
  return convolutions + products;
}
