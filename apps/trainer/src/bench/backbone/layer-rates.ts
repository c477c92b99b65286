import { encodeModel, GraphBuilder, type Model, sizeOf, splitGradient } from '@cf/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { medianSeconds } from '../timing.ts';
import { uniform, uniformFloats } from '../uniform.ts';
import { type ConvShape, type CountedShape, describeShape, operationsOf } from './conv-shapes.ts';
import type { BackboneTask, LayerRate } from './report.ts';

type LayerTask = Pick<BackboneTask, 'batch' | 'threads' | 'runs' | 'device'>;

/** Rates of every convolution shape on its own: forward, gradient of the input, gradient of the weights. */
export async function layerRates(
  shapes: readonly CountedShape[],
  task: LayerTask,
): Promise<readonly LayerRate[]> {
  const rates: LayerRate[] = [];
  for (const { shape, count } of shapes) {
    const gflop = (task.batch * operationsOf(shape)) / 1e9;
    const rate = async (model: Model): Promise<number> => gflop / (await secondsOfLayer(model, shape, task));
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
  { from, to, kernel, groups, size, outputSize }: ConvShape,
  { batch, threads, runs, device = 'cpu' }: LayerTask,
): Promise<number> {
  const dims: Readonly<Record<string, readonly number[]>> = {
    x: [batch, from, size, size],
    w: [to, from / groups, kernel, kernel],
    seed: [batch, to, outputSize, outputSize],
  };
  const options = {
    executionProviders: [device],
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  } as const;
  const session = await InferenceSession.create(encodeModel(model), options);
  const draw = uniform(1);
  const feeds: Record<string, Tensor> = {};
  for (const name of session.inputNames) {
    const length = sizeOf(dims[name]!);
    feeds[name] = new Tensor('float32', uniformFloats(length, draw), dims[name]);
  }
  const run = async (): Promise<void> => {
    // Given back at once instead of when the garbage collector comes by.
    for (const value of Object.values(await session.run(feeds))) value.dispose();
  };
  const seconds = await medianSeconds(run, runs, 1);
  await session.release();
  return seconds;
}
