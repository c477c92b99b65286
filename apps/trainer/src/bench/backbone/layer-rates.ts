import { GraphBuilder, type Model, splitGradient } from '@cf/onnx';
import { type ConvShape, type CountedShape, describeShape, operationsOf } from './conv-shapes.ts';
import type { LayerRate } from './report.ts';
import { dispose, open, randomFloats } from './session.ts';
import { median, secondsOf } from './timing.ts';

/** Rates of every convolution shape on its own: forward, gradient of the input, gradient of the weights. */
export async function layerRates(
  shapes: readonly CountedShape[],
  batch: number,
  threads: number,
  runs: number,
): Promise<readonly LayerRate[]> {
  const rates: LayerRate[] = [];
  for (const { shape, count } of shapes) {
    const gflop = (batch * operationsOf(shape)) / 1e9;
    const rate = async (model: Model): Promise<number> =>
      gflop / (await secondsOfLayer(model, shape, batch, threads, runs));
    const model = layerModel(shape);
    const backward = (wrt: string): Model =>
      splitGradient(model, { of: 'y', wrt: [wrt], seed: 'seed' }).backward;
    rates.push({
      layer: describeShape(shape),
      count,
      gflop,
      forward: await rate(model),
      ...(!shape.isFirst && { inputGradient: await rate(backward('x')) }),
      weightGradient: await rate(backward('w')),
    });
  }
  return rates;
}

function layerModel({ from, to, kernel, stride, padding, groups, size, outputSize }: ConvShape): Model {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', ['N', from, size, size]);
  builder.input('w', 'float32', [to, from / groups, kernel, kernel]);
  const attributes = {
    kernel_shape: { ints: [kernel, kernel] },
    strides: { ints: [stride, stride] },
    pads: { ints: [padding, padding, padding, padding] },
    group: { int: groups },
  };
  builder.op('Conv', ['x', 'w'], attributes, { outputs: ['y'] });
  builder.output('y', 'float32', ['N', to, outputSize, outputSize]);
  return builder.build();
}

async function secondsOfLayer(
  model: Model,
  shape: ConvShape,
  batch: number,
  threads: number,
  runs: number,
): Promise<number> {
  const { from, to, kernel, groups, size, outputSize } = shape;
  const all = {
    x: randomFloats([batch, from, size, size], 1),
    w: randomFloats([to, from / groups, kernel, kernel], 2),
    seed: randomFloats([batch, to, outputSize, outputSize], 3),
  };
  const session = await open(model, threads);
  const feeds = Object.fromEntries(Object.entries(all).filter(([name]) => session.inputNames.includes(name)));
  const seconds = await secondsOf(async () => dispose(await session.run(feeds)), runs, 1);
  await session.release();
  return median(seconds);
}
